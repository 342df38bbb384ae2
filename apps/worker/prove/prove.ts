import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Database,
  createDatabase,
  createSession,
  migrate,
  replayDeadJobs,
  selectDeadJobs,
} from '@prosaas/database';
import {
  type PostgresServer,
  Random,
  type RedisServer,
  poll,
  startPostgres,
  startRedis,
} from '@prosaas/devstack';
import { type QueueTotals, type Relay, createRelay, readQueueTotals } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { keepAgentAfterFailure } from './keep-agent-after-failure.ts';
import { bundleWorker } from './bundle-worker.ts';
import { type Fed, feed, feedMore } from './feeder.ts';
import { Ledger } from './fake-baileys.ts';
import { SupervisedWorker } from './supervised-worker.ts';
import type { Plan } from './plan.ts';
import { type Rows, readRows } from './rows.ts';
import {
  type DeadRow,
  type ReplyRow,
  type Rest,
  type Span,
  findBroken,
  readDeaths,
} from './broken-promises.ts';

export interface ProveOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly say: (line: string) => void;
}

const WORKERS = 4;
/** Longer than the lock of a job, which is 2 s here. */
const FREEZE_MS = [2500, 4000] as const;
const { bullPrefix } = keyspace('prosaas');

interface World {
  redisServer: RedisServer;
  postgres: PostgresServer;
  redis: Redis;
  db: Database;
  relay: Relay;
  workers: SupervisedWorker[];
  /** Has a line for each process that a message killed. */
  deathsFile: string;
}

/** Runs the proof and prints its result; false if a promise was broken. */
export async function prove({ seed, plan, say }: ProveOptions): Promise<boolean> {
  const random = new Random(seed);
  const began = performance.now();
  say(`seed ${seed}`);
  await using stack = new AsyncDisposableStack();
  const ledger = new Ledger(plan);
  const world = await build(stack, ledger, random);

  const faultCounts = new Map<string, number>();
  let kills = 0;
  const count = (kind: string, times = 1): void => {
    faultCounts.set(kind, (faultCounts.get(kind) ?? 0) + times);
    if (kind === 'kill' && ++kills % 20 === 0)
      say(`${kills} of ${plan.kills} kills, ${ledger.sent.length} sent`);
  };
  const share = (): number => kills / plan.kills;
  const readings: QueueTotals[] = [];
  const rowReadings: Rows[] = [];
  const databaseAway: Span[] = [];
  const flushed = new AbortController();
  const ended = new AbortController();
  const reading = Promise.all([
    readRepeatedly(() => readQueueTotals(world.redis, bullPrefix), readings, flushed.signal),
    readRepeatedly(() => readRows(world.db), rowReadings, ended.signal),
  ]);
  const faults = [
    killInTurns(world.workers, plan, random.fork(), count),
    killChildren(world.workers, plan, random.fork(), share, count),
    disturbRedis(world.redisServer, plan, random.fork(), share, count),
    disturbDatabase(world.postgres, plan, share, (span) => {
      databaseAway.push(span);
      count('PostgreSQL restarted');
    }),
  ];
  const fed = await feed(world, plan, random.fork(), {
    share,
    isBusy: () => world.workers.some((worker) => worker.isBusy),
  });
  await Promise.all(faults);
  say(`${fed.accepted.length} messages accepted; waiting until all is done`);
  const afterFaults = { ...(await waitForRest(world, fed)), dead: await readDead(world.db) };
  flushed.abort();

  ledger.isRefusing = false;
  const { replayed, flushedAt } = await flushRedis(world, fed, plan, random);
  count('job replayed, asked for twice', replayed);
  count('Redis emptied');
  const atEnd = await waitForRest(world, fed);
  const restMs = performance.now() - flushedAt;
  ended.abort();
  await reading;

  const deaths = readDeaths(await readFile(world.deathsFile, 'utf8').catch(() => ''));
  const broken = [
    ...findBroken({
      fed,
      sent: ledger.sent,
      replies: await readReplies(world.db),
      afterFaults,
      replayed,
      atEnd,
      restMs,
      readings,
      rowReadings,
      deaths,
      killed: new Map(world.workers.flatMap(({ killed }) => [...killed])),
      frozen: world.workers.flatMap(({ frozen }) => frozen),
      databaseAway,
    }),
    ...world.workers.flatMap(({ unexpected }) => unexpected),
  ];
  for (const { process } of deaths) count(`${process} killed by a message`);
  for (const [kind, times] of faultCounts) say(`${String(times).padStart(5)}  ${kind}`);
  for (const [queue, { inserted, closed, failed, dead }] of Object.entries(atEnd.rows.queues)) {
    say(
      `${queue}: ${inserted} jobs, ${closed} closed, ${failed} failed as they were built to, ${dead} in the dead letter`,
    );
  }
  say(
    `${readings.length} readings of Redis, ${rowReadings.length} of PostgreSQL; at rest ${Math.round(restMs / 1000)} s after Redis was emptied`,
  );
  for (const one of broken.slice(0, 50)) say(`BROKEN: ${one}`);
  if (broken.length > 50) say(`BROKEN: and ${broken.length - 50} more`);
  say(`${broken.length === 0 ? 'kept' : 'BROKEN'}: in ${Math.round((performance.now() - began) / 1000)} s`);
  return broken.length === 0;
}

async function build(stack: AsyncDisposableStack, ledger: Ledger, random: Random): Promise<World> {
  const log = createLogger({ service: 'prove', instance: 'prove', level: 'silent' });
  const redisServer = stack.use(
    await startRedis({ args: ['--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'] }),
  );
  const postgres = stack.use(await startPostgres());
  const databaseUrl = await postgres.createDatabase();
  await migrate({ url: databaseUrl, log });
  const db = stack.use(createDatabase({ url: databaseUrl, size: 4, applicationName: 'prove', log }));
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
  await keepAgentAfterFailure(db);
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'prove-')));
  const deathsFile = join(folder.path, 'deaths');
  const redis = createRedis({ url: redisServer.url, name: 'prove', role: 'commands', log });
  stack.defer(() => closeRedis(redis));
  await redisReady(redis);
  const relay = stack.use(createRelay({ redis, bullPrefix, log }));
  const env = {
    REDIS_URL: redisServer.url,
    DATABASE_URL: databaseUrl,
    // All keys, because a worker generates none.
    API_KEY: 'the-api-key-of-tests',
    ADMIN_KEY: 'the-admin-key-of-tests',
    METRICS_TOKEN: 'the-metrics-token-of-tests',
    INTERNAL_SECRET: 'the-secret-of-tests',
    // Each kill counts as a death for all active jobs. With a higher concurrency most jobs would run in child processes.
    WORKER_CONCURRENCY: '5',
    LOG_LEVEL: 'CRITICAL',
    DRAIN_SECONDS: '0',
    // The customers write as fast as programs do.
    AGENT_MOST_ANSWERS: '0',
    DEADLY_LEDGER: deathsFile,
  };
  const script = await bundleWorker();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, () => SupervisedWorker.start(script, env, ledger, random.fork())),
  );
  for (const worker of workers) stack.use(worker);
  return { redisServer, postgres, redis, db, relay, workers, deathsFile };
}

/** Kills each worker again and again, and sometimes freezes it before. */
async function killInTurns(
  workers: readonly SupervisedWorker[],
  { kills, workerFreezes }: Plan,
  random: Random,
  count: (kind: string) => void,
): Promise<void> {
  let left = kills;
  const freezeEvery = Math.floor(kills / workerFreezes);
  await Promise.all(
    workers.map(async (worker) => {
      while (left-- > 0) {
        if (left % freezeEvery === 1) {
          await worker.freezeAtWork(random.whole(...FREEZE_MS));
          count('worker frozen');
        }
        await worker.killAtWork(random.whole(500, 5000));
        count('kill');
      }
    }),
  );
}

/** Kills child processes of different jobs, because the second death of a child fails its job. */
async function killChildren(
  workers: readonly SupervisedWorker[],
  { childKills }: Plan,
  random: Random,
  share: () => number,
  count: (kind: string) => void,
): Promise<void> {
  const victims = new Set<string>();
  for (let turn = 0; turn < childKills; turn++) {
    while (share() < (turn + 0.3) / childKills) await delay(50);
    let hasKilled = false;
    while (!hasKilled && share() < 1) {
      await delay(random.whole(50, 500));
      for (const worker of workers) hasKilled ||= await worker.killChild(victims);
    }
    if (hasKilled) count('process of a job killed from outside');
  }
}

async function disturbRedis(
  server: RedisServer,
  { redisKills, redisFreezes }: Plan,
  random: Random,
  share: () => number,
  count: (kind: string) => void,
): Promise<void> {
  const kinds = random.shuffle([
    ...Array.from({ length: redisKills }, () => 'Redis killed'),
    ...Array.from({ length: redisFreezes }, () => 'Redis frozen'),
  ]);
  for (const [turn, kind] of kinds.entries()) {
    while (share() < (turn + 0.7) / (kinds.length + 1)) await delay(50);
    if (kind === 'Redis killed') {
      await server.kill();
      await delay(random.whole(100, 1000));
      await server.start();
    } else {
      server.freeze();
      await delay(random.whole(...FREEZE_MS));
      server.thaw();
    }
    count(kind);
  }
}

async function disturbDatabase(
  postgres: PostgresServer,
  { databaseRestarts }: Plan,
  share: () => number,
  restarted: (away: Span) => void,
): Promise<void> {
  for (let turn = 0; turn < databaseRestarts; turn++) {
    while (share() < (turn + 0.6) / (databaseRestarts + 1)) await delay(50);
    const from = Date.now();
    await postgres.stop();
    await postgres.start();
    restarted({ from, to: Date.now() });
  }
}

async function readRepeatedly<T>(read: () => Promise<T>, readings: T[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // The server is away now and then.
    await read().then(
      (one) => void readings.push(one),
      () => undefined,
    );
    await delay(200);
  }
}

/** Replays all refused sends, twice concurrently, and flushes Redis while these and more messages are in progress. */
async function flushRedis(
  world: World,
  fed: Fed,
  plan: Plan,
  random: Random,
): Promise<{ replayed: number; flushedAt: number }> {
  const { db, redis, relay } = world;
  const { ids } = await selectDeadJobs(db, { contains: 'SEND_REFUSED' }, 1_000_000);
  const replay = async (): Promise<number> => {
    const again = ids.map((id) => ({ id, delaySeconds: 0 }));
    const { replayed, released } = await db.transaction((tx) => replayDeadJobs(tx, again));
    relay.enqueue(released);
    return replayed.size;
  };
  const feeding = feedMore(world, fed, plan, random.fork());
  const replays = await Promise.all([replay(), replay()]);
  const isInProgress = async (): Promise<boolean> =>
    (await readQueueTotals(redis, bullPrefix)).queues['outbound-messages'].active > 5;
  await poll(isInProgress, { everyMs: 5, timeoutMs: 20_000, what: 'jobs to be under way' }).catch(
    () => undefined,
  );
  await redis.flushall();
  const flushedAt = performance.now();
  await feeding;
  return { replayed: replays[0] + replays[1], flushedAt };
}

/** Waits until all jobs have ended, for ten minutes at most, and returns the counts. */
async function waitForRest({ redis, db }: World, { accepted }: Fed): Promise<Rest> {
  const readCounts = async (): Promise<Rest> => ({
    accepted: accepted.length,
    rows: await readRows(db),
    totals: await readQueueTotals(redis, bullPrefix),
  });
  const isOver = async (): Promise<boolean> => {
    const { rows, totals } = await readCounts();
    const open = Object.values(rows.queues).reduce((sum, queue) => sum + queue.open, 0);
    return open === 0 && totals.completed + totals.failed === totals.enqueued;
  };
  await poll(isOver, { timeoutMs: 600_000, everyMs: 250, what: 'all to be done' }).catch(() => undefined);
  return readCounts();
}

function readDead(db: Database): Promise<DeadRow[]> {
  return db.query(
    `select queue, in_reply_to as asked, (payload ->> 'turn')::integer as turn, failure as reason
     from jobs left join messages on messages.id = message_id where failed_at is not null`,
  );
}

function readReplies(db: Database): Promise<ReplyRow[]> {
  return db.query(
    `select i.id as asked, i.status as asked_status, c.contact, o.id, o.status
     from messages i join conversations c on c.id = i.conversation_id
     left join messages o on o.in_reply_to = i.id
     where i.direction = 'inbound' order by i.seq`,
  );
}
