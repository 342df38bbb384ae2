import { setTimeout as delay } from 'node:timers/promises';
import { SERVICE } from './catalogue.ts';
import { CLOCKS_MS, type Place } from './fleet.ts';
import { now } from './now.ts';
import type { Random } from '@prosaas/devstack';
import { KEYS, type InjectedFault, type TestBed, retry, until } from './test-bed.ts';

export async function kill({ fleet }: Pick<TestBed, 'fleet'>, random: Random): Promise<InjectedFault[]> {
  return fleet.with(random, async (place) => [await killIn(place, { fleet }, random)]);
}

async function killIn(
  place: Place,
  { fleet }: Pick<TestBed, 'fleet'>,
  random: Random,
): Promise<InjectedFault> {
  const { who, version, child } = place;
  const begin = now();
  await child.end();
  await delay(random.whole(0, 300));
  await fleet.start(place, version, random);
  return {
    kind: 'kill',
    begin,
    end: now(),
    victims: [who],
    description: `${who} killed, ${place.who} took its place`,
  };
}

/** A rolling upgrade or downgrade: the old and the new process have different schemas. */
export async function changeVersion({ fleet }: TestBed, random: Random): Promise<InjectedFault[]> {
  return fleet.with(random, async (place) => {
    const { who, version, child } = place;
    const begin = now();
    await child.leave();
    await fleet.start(place, version === 0 ? 1 : 0, random);
    const description = `${who} left, ${place.who} came in version ${place.version}`;
    return [{ kind: 'version', begin, end: now(), victims: [who], description }];
  });
}

export async function setClock({ fleet }: TestBed, random: Random): Promise<InjectedFault[]> {
  return fleet.with(random, async ({ who, child }) => {
    const begin = now();
    const shift = random.pick(CLOCKS_MS.filter((ms) => ms !== 0));
    const believed = Number(await child.command('clock', shift));
    if (Math.abs(believed - Date.now() - shift) > 60_000) return [];
    const description = `${who} believes that it is ${new Date(believed).toISOString()}`;
    return [{ kind: 'clock', begin, end: now(), victims: [who], description }];
  });
}

export async function loseReply({ fleet }: TestBed, random: Random): Promise<InjectedFault[]> {
  return fleet.with(random, async ({ who, proxy }) => {
    const how = random.pick(['silence', 'cut'] as const);
    const armed = now();
    if (!(await proxy!.dropReply(how, 10_000))) return [];
    const end = now();
    const description = `${who} did not receive the reply to a stored request (${how})`;
    // The fault is the moment itself, not the time that was waited for it.
    return [{ kind: 'lost reply', begin: Math.max(armed, end - 1), end, victims: [who], description }];
  });
}

export const freezeBriefly = (testBed: TestBed, random: Random): Promise<InjectedFault[]> =>
  freeze(testBed, random, false);
export const freezeLong = (testBed: TestBed, random: Random): Promise<InjectedFault[]> =>
  freeze(testBed, random, true);

/** Freezes a process until it is folded. It resumes while its tombstone exists, or after it has expired. */
async function freeze({ fleet, direct }: TestBed, random: Random, long: boolean): Promise<InjectedFault[]> {
  return fleet.with(random, async ({ who, child }) => {
    await untilMember(who, direct);
    const begin = now();
    child.kill('SIGSTOP');
    let landed = false;
    try {
      const epoch = await retry(() => memberOf(who, direct));
      // A roll-back happened meanwhile.
      if (epoch === undefined) return [];
      const gone = async (): Promise<boolean> => (await direct.zscore(KEYS.leases, epoch)) === null;
      await until(`the fold of ${who}`, () => retry(gone));
      const left = await retry(() => direct.pttl(KEYS.tombstone(epoch)));
      if (long) {
        await until(`the end of ${who}'s tombstone`, () => retry(() => isForgotten(epoch, direct)));
        landed = left > 0;
      } else {
        landed = left > 300;
      }
    } finally {
      child.kill('SIGCONT');
    }
    const end = now();
    const description = `${who} frozen for ${Math.round(end - begin)} ms`;
    const kind = long ? 'frozen past its tombstone' : 'frozen past its lease';
    return landed ? [{ kind, begin, end, victims: [who], description }] : [];
  });
}

async function isForgotten(epoch: string, direct: TestBed['direct']): Promise<boolean> {
  const [member, tombstone] = await Promise.all([
    direct.zscore(KEYS.leases, epoch),
    direct.exists(KEYS.tombstone(epoch)),
  ]);
  return member === null && tombstone === 0;
}

async function memberOf(who: string, direct: TestBed['direct']): Promise<string | undefined> {
  const epochs = await direct.zrange(KEYS.leases, '0', '-1');
  return epochs.find((epoch) => epoch.startsWith(`${SERVICE}|${who}|`));
}

const untilMember = (who: string, direct: TestBed['direct']): Promise<string> =>
  until(`${who} in Redis`, () => retry(() => memberOf(who, direct)));

/** Two readers fold the same processes. Redis is frozen until both have sent their requests. */
export async function foldTwice(testBed: TestBed, random: Random): Promise<InjectedFault[]> {
  const { fleet, direct, server, withReadersLock, withRedisLock, incidents } = testBed;
  return fleet.with(random, (one) =>
    fleet.with(random, (other) =>
      withReadersLock(async () => {
        const landed: InjectedFault[] = [];
        const epochs = await Promise.all([one, other].map(({ who }) => untilMember(who, direct)));
        // No other reader may fold them.
        await Promise.all(fleet.readers.map((reader) => reader.command('pause')));
        try {
          landed.push(await killIn(one, testBed, random), await killIn(other, testBed, random));
          for (const epoch of epochs) {
            const lapsed = await until(`the end of ${epoch}'s lease`, () =>
              retry(() => hasLapsed(epoch, direct)),
            );
            if (lapsed === 'gone') continue;
            await until(`the fold of ${epoch}`, async () => {
              const begin = now();
              const answers = await withRedisLock(() => foldAtOnce(epoch, testBed));
              const folders = answers.filter((answer) => answer === `folded ${epoch}`);
              if (folders.length > 1) incidents.broken.push(`${epoch} was folded by two at once`);
              if (folders.length === 0) return undefined;
              const description = `${epoch} folded by two at once`;
              landed.push({ kind: 'two folders', begin, end: now(), victims: [], description });
              return true;
            });
          }
        } finally {
          server.thaw();
          await Promise.all(fleet.readers.map((reader) => reader.command('resume')));
        }
        return landed;
      }),
    ),
  );
}

async function foldAtOnce(epoch: string, { fleet, server }: TestBed): Promise<string[]> {
  server.freeze();
  const exchanges = fleet.readers.slice(0, 2).map((reader) => reader.exchange('fold', epoch));
  try {
    await Promise.all(exchanges.map((exchange) => exchange.next()));
  } finally {
    server.thaw();
  }
  return Promise.all(exchanges.map((exchange) => exchange.next()));
}

async function hasLapsed(epoch: string, direct: TestBed['direct']): Promise<'lapsed' | 'gone' | false> {
  const [[seconds], score] = await Promise.all([direct.time(), direct.zscore(KEYS.leases, epoch)]);
  if (score === null) return 'gone';
  return Number(score) < Number(seconds) * 1000 && 'lapsed';
}
