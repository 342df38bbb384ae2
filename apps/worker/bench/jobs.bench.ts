import { createSession, migrate, recordInbound } from '@prosaas/database';
import { startPostgres, startRedis } from '@prosaas/devstack';
import {
  type Measured,
  compare,
  median,
  microseconds,
  percentile,
  ratioOf,
  report,
  turnsInRounds,
} from '@prosaas/devstack/bench';
import { createLogger } from '@prosaas/runtime';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type BenchWorker, benchDatabase, plainBullMq, prosaas } from './bench-worker.ts';
import { peers } from './peers/jobs.ts';

const WAITING = 100_000;
const ROUNDS = 5;
const PROFILED = 6000;

await using redis = await startRedis();
await using postgres = await startPostgres();
process.env['BENCH_REDIS_URL'] = redis.url;
process.env['BENCH_REDIS_PID'] = String(redis.pid);
process.env['BENCH_DATABASE_URL'] = await postgres.createDatabase('bench');
await migrate({
  url: process.env['BENCH_DATABASE_URL'],
  log: createLogger({ service: 'bench', instance: 'bench', level: 'silent' }),
});
{
  await using db = benchDatabase();
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
  const contact = '1@s.whatsapp.net';
  const message = { sessionId: 'shop', businessId: 'default', contact, externalId: 'first', text: 'Hello' };
  await db.transaction((tx) => recordInbound(tx, { ...message, sentAt: new Date() }));
}

/** Nanoseconds of a job, round by round, of each peer. */
const inRounds = (names: readonly string[]): Promise<Record<string, number[]>> =>
  compare(new URL('peers/jobs.ts', import.meta.url), names, { rounds: ROUNDS, roundMs: 1500 });
const tableOf = (times: Record<string, number[]>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(times).map(([name, rounds]) => [name, microseconds(median(rounds) / 1000)]),
  );

const alone = await inRounds(['plain BullMQ', 'prosaas', 'prosaas, 100,000 jobs waiting']);
report('Time for a job, 50 at once, that does nothing', tableOf(alone), [
  {
    what: 'throughput, of plain BullMQ',
    ratio: ratioOf(alone['plain BullMQ']!, alone['prosaas']!),
    atLeast: 0.9,
  },
  {
    what: 'throughput with 100,000 jobs waiting, of that without',
    ratio: ratioOf(alone['prosaas']!, alone['prosaas, 100,000 jobs waiting']!),
    atLeast: 0.9,
  },
]);

// After the others: PostgreSQL cleans up behind it in the background, in whoever's turn it is.
const noted = await inRounds([
  'plain BullMQ',
  'prosaas with its inbox',
  // Its floor: PostgreSQL, and the client, with no queue around.
  'the inbox alone',
  'plain BullMQ with the same statement',
]);
report('Time for a job, 50 at once, that is noted as done in PostgreSQL', tableOf(noted), [
  {
    what: 'throughput with the inbox, of plain BullMQ without',
    ratio: ratioOf(noted['plain BullMQ']!, noted['prosaas with its inbox']!),
    atLeast: 0.7,
  },
  {
    what: 'throughput with the inbox, of plain BullMQ with the same statement',
    ratio: ratioOf(noted['plain BullMQ with the same statement']!, noted['prosaas with its inbox']!),
    atLeast: 0.9,
  },
]);

/** From before a job is enqueued to its start in a worker that has nothing else to do. */
let started = Promise.withResolvers<void>();
const onJob = (): void => started.resolve();
const idle = (
  worker: BenchWorker,
): { run: () => Promise<unknown>; settle: () => Promise<unknown>; turns: number } => ({
  run: async () => {
    started = Promise.withResolvers();
    await Promise.all([worker.add([randomUUID()]), started.promise]);
  },
  // The worker finishes the job and blocks again.
  settle: () => new Promise((resolve) => setTimeout(resolve, 2)),
  turns: 300,
});
const waiting = await prosaas('idle-waiting', onJob);
await waiting.addLater(WAITING);
const turns = await turnsInRounds(
  {
    'plain BullMQ': idle(await plainBullMq('idle-plain', onJob)),
    prosaas: idle(await prosaas('idle', onJob)),
    'prosaas, 100,000 jobs waiting': idle(waiting),
  },
  ROUNDS,
);
const at = (name: string, share: number): number[] => turns[name]!.map((round) => percentile(round, share));
const both = (name: string): string =>
  [0.5, 0.99].map((share) => microseconds(median(at(name, share)))).join(', ');
report(
  'From enqueue to start on an idle system, p50 and p99',
  Object.fromEntries(Object.keys(turns).map((name) => [name, both(name)])),
  [0.5, 0.99].flatMap((share) => [
    {
      what: `p${share * 100} of plain BullMQ's`,
      ratio: ratioOf(at('prosaas', share), at('plain BullMQ', share)),
      atMost: 1.3,
    },
    {
      what: `p${share * 100} with 100,000 jobs waiting, of that without`,
      ratio: ratioOf(at('prosaas, 100,000 jobs waiting', share), at('prosaas', share)),
      atMost: 1.1,
    },
  ]),
);
/** Nanoseconds of a job, the same as above, in each process that takes part. */
async function cpuOfJob(name: string): Promise<Record<string, number>> {
  const run = await peers[name]!();
  await run(PROFILED);
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push((await run(PROFILED)) as Measured);
  const shareOf = (who: string): number => median(rounds.map(({ cpu }) => cpu[who]! / PROFILED));
  return Object.fromEntries(Object.keys(rounds[0]!.cpu).map((who) => [who, shareOf(who)]));
}
/** A job can't take less: the largest share, or, where there are fewer cores than processes, their sum by cores. */
function leastTime(shares: Record<string, number>, cores: number): number {
  const all = Object.values(shares);
  return Math.max(...all, all.reduce((sum, share) => sum + share, 0) / cores);
}
const plain = await cpuOfJob('plain BullMQ');
const withInbox = await cpuOfJob('prosaas with its inbox');
const shown = (shares: Record<string, number>): string =>
  Object.entries(shares)
    .map(([who, share]) => `${who} ${microseconds(share / 1000)}`)
    .join(', ');
const allowed = (cores: number): string => (leastTime(plain, cores) / leastTime(withInbox, cores)).toFixed(2);
const cores = availableParallelism();
report(
  'CPU of a job, 50 at once',
  {
    'plain BullMQ': shown(plain),
    prosaas: shown(await cpuOfJob('prosaas')),
    'prosaas with its inbox': shown(withInbox),
    [`throughput with the inbox that this allows, on these ${cores} cores`]: allowed(cores),
    'on a core for each process': allowed(Infinity),
  },
  [],
);
process.exit();
