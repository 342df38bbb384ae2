import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { type Audit, audit, readOnce } from './audit.ts';
import { FAULTS, type Fault } from './faults.ts';
import { startFleet } from './fleet.ts';
import { effectiveFaults } from './effective-faults.ts';
import { leftovers } from './leftovers.ts';
import { Ledger } from './ledger.ts';
import { startProxy } from './proxy.ts';
import type { Random } from '@prosaas/devstack';
import { replay } from './readings.ts';
import { flushAll } from './redis-faults.ts';
import { type Verdict, verify } from './verdict.ts';
import { type InjectedFault, type Incidents, type TestBed, mutex } from './test-bed.ts';

export interface Outcome {
  /** The faults that hit processes at work. */
  readonly faults: readonly InjectedFault[];
  readonly verdict: Verdict;
  /** Where the ledgers are; kept when a promise was broken. */
  readonly folder: string;
}

export interface Plan {
  /** Each round ends with an audit and FLUSHALL. */
  readonly rounds: number;
  /** The share of the faults of the table that are injected in one round. */
  readonly share: number;
  readonly print: (line: string) => void;
}

const PLACES = 8;

/** Faults of a single Redis and of the processes that publish to it. */
export async function proveSingle(random: Random, { rounds, share, print }: Plan): Promise<Outcome> {
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
      endpoints: proxies.map((proxy) => ({ ports: [proxy.port], proxy })),
      readers: 2,
      redis: [server.port],
      random,
    }),
  );
  const incidents: Incidents = { rollBacks: [], flushes: [], broken: [] };
  const testBed: TestBed = {
    fleet,
    server,
    direct,
    folder,
    incidents,
    withRedisLock: mutex(),
    withReadersLock: mutex(),
  };

  const faults: InjectedFault[] = [];
  const audits: Audit[] = [];
  const look = async (): Promise<void> => {
    audits.push(await audit(fleet, [server.port], false));
    // Gives the long-running readers time to see it as well.
    await delay(200);
  };
  const goOn = async (): Promise<void> => {
    await Promise.all(fleet.places.map(({ child }) => child.command('resume')));
    await delay(random.whole(200, 400));
  };
  for (let round = 0; round < rounds; round++) {
    const lanes = deal(random, round, share);
    await Promise.all(lanes.map((lane) => runLane(lane, testBed, random.fork(), faults)));
    await look();
    await goOn();
    faults.push(...(await flushAll(testBed)));
    print(`round ${round + 1} of ${rounds}: ${faults.length} faults`);
  }
  await delay(1000);
  await look();
  await Promise.all(fleet.places.map(({ child }) => child.leave()));
  audits.push(await readOnce([server.port], false, new Set()));
  incidents.broken.push(...(await leftovers(direct)));
  await fleet[Symbol.asyncDispose]();

  const ledgers = new Map([...fleet.ledgers].map(([who, path]) => [who, new Ledger(who, path)]));
  const readings = fleet.readings.map((path) => replay(path));
  const verdict = verify({ ledgers, readings, audits, faults, incidents });
  if (verdict.broken.length === 0) await rm(folder, { recursive: true });
  return { faults: effectiveFaults(faults, ledgers), verdict, folder };
}

/** Distributes the faults of a round: one lane for Redis and four concurrent lanes for processes. */
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
  testBed: TestBed,
  random: Random,
  faults: InjectedFault[],
): Promise<void> {
  for (const { inject } of lane) {
    await delay(random.whole(50, 500));
    for (let attempt = 0; attempt < 5; attempt++) {
      const landed = await inject(testBed, random);
      faults.push(...landed);
      if (landed.length > 0) break;
    }
  }
}
