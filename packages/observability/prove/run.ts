import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { type Audit, audit, readOnce } from './audit.ts';
import { FAULTS, type Fault } from './faults.ts';
import { startFleet } from './fleet.ts';
import { atWork } from './landing.ts';
import { leftovers } from './leftovers.ts';
import { Ledger } from './ledger.ts';
import { startProxy } from './proxy.ts';
import type { Random } from '@prosaas/devstack';
import { replay } from './readings.ts';
import { flushAll } from './redis-faults.ts';
import { type Verdict, judge } from './verdict.ts';
import { type Landed, type Marks, type World, takingTurns } from './world.ts';

export interface Outcome {
  /** Those that hit processes at work. */
  readonly faults: readonly Landed[];
  readonly verdict: Verdict;
  /** Where the ledgers are; kept when a promise was broken. */
  readonly folder: string;
}

export interface Plan {
  /** Each ends with an audit and FLUSHALL. */
  readonly rounds: number;
  /** Of the faults of the table, how many come in one round. */
  readonly share: number;
  readonly say: (line: string) => void;
}

const PLACES = 8;

/** Faults of one Redis and of those who publish to it. */
export async function proveSingle(random: Random, { rounds, share, say }: Plan): Promise<Outcome> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'prosaas-prove-'));
  const server = resources.use(
    await startRedis({ args: ['--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'] }),
  );
  const proxies = await Promise.all(Array.from({ length: PLACES }, () => startProxy(server.port)));
  for (const proxy of proxies) resources.use(proxy);
  const direct = new Redis({
    port: server.port,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1000,
    retryStrategy: () => 30,
  });
  direct.on('error', () => undefined);
  resources.defer(() => direct.disconnect());
  const fleet = resources.use(
    await startFleet({
      folder,
      cluster: false,
      doors: proxies.map((proxy) => ({ ports: [proxy.port], proxy })),
      readers: 2,
      redis: [server.port],
      random,
    }),
  );
  const marks: Marks = { rollBacks: [], flushes: [], broken: [] };
  const world: World = {
    fleet,
    server,
    direct,
    folder,
    marks,
    redisTurn: takingTurns(),
    readersTurn: takingTurns(),
  };

  const faults: Landed[] = [];
  const audits: Audit[] = [];
  const look = async (): Promise<void> => {
    audits.push(await audit(fleet, [server.port], false));
    // The readers that live long have to see it as well.
    await delay(200);
  };
  const goOn = async (): Promise<void> => {
    await Promise.all(fleet.places.map(({ child }) => child.order('resume')));
    await delay(random.whole(200, 400));
  };
  for (let round = 0; round < rounds; round++) {
    const lanes = deal(random, round, share);
    await Promise.all(lanes.map((lane) => runLane(lane, world, random.fork(), faults)));
    await look();
    await goOn();
    faults.push(...(await flushAll(world)));
    say(`round ${round + 1} of ${rounds}: ${faults.length} faults`);
  }
  await delay(1000);
  await look();
  await Promise.all(fleet.places.map(({ child }) => child.leave()));
  audits.push(await readOnce([server.port], false, new Set()));
  marks.broken.push(...(await leftovers(direct)));
  await fleet[Symbol.asyncDispose]();

  const ledgers = new Map([...fleet.ledgers].map(([who, path]) => [who, new Ledger(who, path)]));
  const readings = fleet.readings.map((path) => replay(path));
  const verdict = judge({ ledgers, readings, audits, faults, marks });
  if (verdict.broken.length === 0) await rm(folder, { recursive: true });
  return { faults: atWork(faults, ledgers), verdict, folder };
}

/** Hands out a round's faults: four lanes for processes, side by side, and one for Redis. */
function deal(random: Random, round: number, share: number): Fault[][] {
  const due = FAULTS.flatMap((fault) => {
    const until = (rounds: number): number => Math.floor(fault.times * share * rounds);
    return Array.from({ length: until(round + 1) - until(round) }, () => fault);
  });
  const shuffled = random.shuffle(due);
  const processes = shuffled.filter(({ lane }) => lane === 'process');
  return [
    shuffled.filter(({ lane }) => lane === 'redis'),
    ...[0, 1, 2, 3].map((lane) => processes.filter((_, i) => i % 4 === lane)),
  ];
}

async function runLane(
  lane: readonly Fault[],
  world: World,
  random: Random,
  faults: Landed[],
): Promise<void> {
  for (const { inject } of lane) {
    await delay(random.whole(50, 500));
    for (let attempt = 0; attempt < 5; attempt++) {
      const landed = await inject(world, random);
      faults.push(...landed);
      if (landed.length > 0) break;
    }
  }
}
