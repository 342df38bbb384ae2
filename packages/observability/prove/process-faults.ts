import { setTimeout as delay } from 'node:timers/promises';
import { SERVICE } from './catalogue.ts';
import { CLOCKS_MS, type Place } from './fleet.ts';
import { now } from './now.ts';
import type { Random } from '@prosaas/devstack';
import { KEYS, type Landed, type World, ask, until } from './world.ts';

export async function kill({ fleet }: Pick<World, 'fleet'>, random: Random): Promise<Landed[]> {
  return fleet.with(random, async (place) => [await killIn(place, { fleet }, random)]);
}

async function killIn(place: Place, { fleet }: Pick<World, 'fleet'>, random: Random): Promise<Landed> {
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
    story: `${who} killed, ${place.who} took its place`,
  };
}

/** A rolling upgrade, or its roll-back: what leaves and what comes know different schemas. */
export async function changeVersion({ fleet }: World, random: Random): Promise<Landed[]> {
  return fleet.with(random, async (place) => {
    const { who, version, child } = place;
    const begin = now();
    await child.leave();
    await fleet.start(place, version === 0 ? 1 : 0, random);
    const story = `${who} left, ${place.who} came in version ${place.version}`;
    return [{ kind: 'version', begin, end: now(), victims: [who], story }];
  });
}

export async function setClock({ fleet }: World, random: Random): Promise<Landed[]> {
  return fleet.with(random, async ({ who, child }) => {
    const begin = now();
    const shift = random.pick(CLOCKS_MS.filter((ms) => ms !== 0));
    const believed = Number(await child.order('clock', shift));
    if (Math.abs(believed - Date.now() - shift) > 60_000) return [];
    const story = `${who} believes that it is ${new Date(believed).toISOString()}`;
    return [{ kind: 'clock', begin, end: now(), victims: [who], story }];
  });
}

export async function loseReply({ fleet }: World, random: Random): Promise<Landed[]> {
  return fleet.with(random, async ({ who, proxy }) => {
    const how = random.pick(['silence', 'cut'] as const);
    const armed = now();
    if (!(await proxy!.swallow(how, 10_000))) return [];
    const end = now();
    const story = `${who} did not hear that its word was taken (${how})`;
    // It was waited for; the fault is the moment itself.
    return [{ kind: 'lost reply', begin: Math.max(armed, end - 1), end, victims: [who], story }];
  });
}

export const freezeBriefly = (world: World, random: Random): Promise<Landed[]> =>
  freeze(world, random, false);
export const freezeLong = (world: World, random: Random): Promise<Landed[]> => freeze(world, random, true);

/** Frozen past its lease and folded, it wakes while its tombstone stands, or after that is gone. */
async function freeze({ fleet, direct }: World, random: Random, long: boolean): Promise<Landed[]> {
  return fleet.with(random, async ({ who, child }) => {
    await untilMember(who, direct);
    const begin = now();
    child.kill('SIGSTOP');
    let landed = false;
    try {
      const epoch = await ask(() => memberOf(who, direct));
      // A roll-back came in between.
      if (epoch === undefined) return [];
      const gone = async (): Promise<boolean> => (await direct.zscore(KEYS.leases, epoch)) === null;
      await until(`the fold of ${who}`, () => ask(gone));
      const left = await ask(() => direct.pttl(KEYS.tombstone(epoch)));
      if (long) {
        await until(`the end of ${who}'s tombstone`, () => ask(() => isForgotten(epoch, direct)));
        landed = left > 0;
      } else {
        landed = left > 300;
      }
    } finally {
      child.kill('SIGCONT');
    }
    const end = now();
    const story = `${who} frozen for ${Math.round(end - begin)} ms`;
    const kind = long ? 'frozen past its tombstone' : 'frozen past its lease';
    return landed ? [{ kind, begin, end, victims: [who], story }] : [];
  });
}

async function isForgotten(epoch: string, direct: World['direct']): Promise<boolean> {
  const [member, tombstone] = await Promise.all([
    direct.zscore(KEYS.leases, epoch),
    direct.exists(KEYS.tombstone(epoch)),
  ]);
  return member === null && tombstone === 0;
}

async function memberOf(who: string, direct: World['direct']): Promise<string | undefined> {
  const epochs = await direct.zrange(KEYS.leases, '0', '-1');
  return epochs.find((epoch) => epoch.startsWith(`${SERVICE}|${who}|`));
}

const untilMember = (who: string, direct: World['direct']): Promise<string> =>
  until(`${who} in Redis`, () => ask(() => memberOf(who, direct)));

/** Two readers fold the same processes; Redis is held still until both have sent their folding. */
export async function foldTwice(world: World, random: Random): Promise<Landed[]> {
  const { fleet, direct, server, readersTurn, redisTurn, marks } = world;
  return fleet.with(random, (one) =>
    fleet.with(random, (other) =>
      readersTurn(async () => {
        const landed: Landed[] = [];
        const epochs = await Promise.all([one, other].map(({ who }) => untilMember(who, direct)));
        // Nobody else may fold them.
        await Promise.all(fleet.readers.map((reader) => reader.order('pause')));
        try {
          landed.push(await killIn(one, world, random), await killIn(other, world, random));
          for (const epoch of epochs) {
            const lapsed = await until(`the end of ${epoch}'s lease`, () =>
              ask(() => hasLapsed(epoch, direct)),
            );
            if (lapsed === 'gone') continue;
            await until(`the fold of ${epoch}`, async () => {
              const begin = now();
              const answers = await redisTurn(() => foldAtOnce(epoch, world));
              const folders = answers.filter((answer) => answer === `folded ${epoch}`);
              if (folders.length > 1) marks.broken.push(`${epoch} was folded by two at once`);
              if (folders.length === 0) return undefined;
              const story = `${epoch} folded by two at once`;
              landed.push({ kind: 'two folders', begin, end: now(), victims: [], story });
              return true;
            });
          }
        } finally {
          server.thaw();
          await Promise.all(fleet.readers.map((reader) => reader.order('resume')));
        }
        return landed;
      }),
    ),
  );
}

async function foldAtOnce(epoch: string, { fleet, server }: World): Promise<string[]> {
  server.freeze();
  const dialogues = fleet.readers.slice(0, 2).map((reader) => reader.dialogue('fold', epoch));
  try {
    await Promise.all(dialogues.map((dialogue) => dialogue.next()));
  } finally {
    server.thaw();
  }
  return Promise.all(dialogues.map((dialogue) => dialogue.next()));
}

async function hasLapsed(epoch: string, direct: World['direct']): Promise<'lapsed' | 'gone' | false> {
  const [[seconds], score] = await Promise.all([direct.time(), direct.zscore(KEYS.leases, epoch)]);
  if (score === null) return 'gone';
  return Number(score) < Number(seconds) * 1000 && 'lapsed';
}
