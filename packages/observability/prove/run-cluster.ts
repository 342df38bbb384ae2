import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Audit, audit, readOnce } from './audit.ts';
import { PREFIX } from './catalogue.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { effectiveFaults } from './effective-faults.ts';
import { Ledger } from './ledger.ts';
import { now } from './now.ts';
import { kill } from './process-faults.ts';
import { type Random, type RedisCluster, startRedisCluster } from '@prosaas/devstack';
import { replay } from './readings.ts';
import type { Outcome } from './run.ts';
import { LEASE_MS, TIMES } from './times.ts';
import { verify } from './verdict.ts';
import type { InjectedFault, Incidents } from './test-bed.ts';

const PLACES = 5;

type ClusterFault = (cluster: RedisCluster, random: Random) => Promise<string>;

const moveSlot: ClusterFault = async (cluster) => {
  const from = cluster.owner.port;
  await cluster.moveSlot();
  return `the slot moved from node ${from} to ${cluster.owner.port}`;
};

const freezeNode: ClusterFault = async ({ owner }, random) => {
  owner.freeze();
  await delay(random.chance(0.3) ? LEASE_MS + 300 : TIMES.limitMs + random.whole(100, 800));
  owner.thaw();
  return `node ${owner.port} frozen`;
};

const restartNode: ClusterFault = async ({ owner }, random) => {
  await owner.kill();
  await delay(random.whole(0, 300));
  await owner.start();
  return `node ${owner.port} killed, and back with its AOF`;
};

const FAULTS: readonly (readonly [kind: string, inject: ClusterFault])[] = [
  ['slot moved', moveSlot],
  ['node frozen', freezeNode],
  ['node restarted', restartNode],
];

/** Verifies the same promises on a Redis Cluster of three nodes, with each fault `each` times. */
export async function proveCluster(random: Random, each: number): Promise<Outcome> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'prosaas-prove-'));
  const cluster = resources.use(await startRedisCluster({ key: PREFIX }));
  const ports = cluster.nodes.map(({ port }) => port);
  const fleet = resources.use(
    await startFleet({
      folder,
      cluster: true,
      endpoints: Array.from({ length: PLACES }, () => ({ ports })),
      readers: 2,
      redis: ports,
      random,
    }),
  );
  const faults: InjectedFault[] = [];
  await Promise.all([
    injectAll(cluster, random.fork(), each, faults),
    killSome(fleet, random.fork(), each, faults),
  ]);
  const audits: Audit[] = [await audit(fleet, ports, true)];
  await delay(200);
  await Promise.all(fleet.places.map(({ child }) => child.leave()));
  audits.push(await readOnce(ports, true, new Set()));
  await fleet[Symbol.asyncDispose]();

  const ledgers = new Map([...fleet.ledgers].map(([who, path]) => [who, new Ledger(who, path)]));
  const readings = fleet.readings.map((path) => replay(path));
  const incidents: Incidents = { rollBacks: [], flushes: [], broken: [] };
  const verdict = verify({ ledgers, readings, audits, faults, incidents });
  if (verdict.broken.length === 0) await rm(folder, { recursive: true });
  return { faults: effectiveFaults(faults, ledgers), verdict, folder };
}

async function injectAll(
  cluster: RedisCluster,
  random: Random,
  each: number,
  faults: InjectedFault[],
): Promise<void> {
  const due = random.shuffle(FAULTS.flatMap((fault) => Array.from({ length: each }, () => fault)));
  for (const [kind, inject] of due) {
    await delay(random.whole(100, 700));
    await cluster.ready();
    const begin = now();
    const description = await inject(cluster, random);
    faults.push({ kind: `cluster: ${kind}`, begin, end: now(), victims: [], description });
  }
}

async function killSome(fleet: Fleet, random: Random, each: number, faults: InjectedFault[]): Promise<void> {
  for (let i = 0; i < each; i++) {
    await delay(random.whole(500, 3000));
    for (const landed of await kill({ fleet }, random)) faults.push({ ...landed, kind: 'cluster: kill' });
  }
}
