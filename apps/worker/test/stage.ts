import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  addJob,
  createDatabase,
  createSession,
  migrate,
  readJobCounts,
  recordInbound,
  type Database,
  type InboundInput,
  type JobCounts,
} from '@prosaas/database';
import { type EitherRedis, eitherRedis, testDatabase, type PostgresServer } from '@prosaas/devstack';
import { createRelay, inboundJob, readQueueTotals, type QueueTotals, type Relay } from '@prosaas/queues';
import {
  closeRedis,
  createLogger,
  createRedis,
  identify,
  keyspace,
  loadConfig,
  redisReady,
  type Logger,
  type RunningService,
} from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { bundleWorker } from '../prove/bundle-worker.ts';
import { Config } from '../src/config.ts';
import { startWorker, type WorkerOverrides } from '../src/service.ts';
import { startFakeBaileys, type FakeBaileys } from './fake-baileys.ts';

export const silent: Logger = createLogger({
  service: 'test',
  instance: 'test',
  level: process.env['TEST_LOG'] ?? 'silent',
});

/** A Redis and a database for one test, a fake baileys service, and workers. */
export interface Stage extends AsyncDisposable {
  redisServer: EitherRedis;
  redis: Redis;
  db: Database;
  baileys: FakeBaileys;
  relay: Relay;
  env: Record<string, string>;
  totals(): Promise<QueueTotals>;
  /** PostgreSQL's job counts, summed over all queues. */
  rows(): Promise<JobCounts>;
  /** A worker in this process. Jobs that run in a child process need `fork`: a child reads its settings from the environment. */
  worker(overrides?: WorkerOverrides, env?: Record<string, string>): Promise<RunningService>;
  /** Forks a worker whose jobs are taken over within seconds after its death. Needs `prepareForks`. */
  fork(env?: Record<string, string>): ChildProcess;
  /** Stores an inbound message and its job, and returns the message's id. */
  receive(
    contact: string,
    text: string,
    more?: Partial<Pick<InboundInput, 'address' | 'account' | 'quotedId' | 'sentAt'>>,
  ): Promise<string>;
}

let messages = 0;
let script: string | undefined;

/** Bundles the worker, so that forks start three times as fast. For `beforeAll`. */
export async function prepareForks(): Promise<void> {
  script = await bundleWorker();
}

export async function setStage(postgres?: PostgresServer): Promise<Stage> {
  const { bullPrefix } = keyspace('prosaas');
  const redisServer = await eitherRedis({ key: bullPrefix });
  const databaseUrl = await (postgres?.createDatabase() ?? testDatabase());
  await migrate({ url: databaseUrl, log: silent });
  const db = createDatabase({ url: databaseUrl, applicationName: 'test', log: silent });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
  const redis = createRedis({ url: redisServer.url, name: 'test', role: 'commands', log: silent });
  await redisReady(redis);
  const baileys = await startFakeBaileys();
  const relay = createRelay({ redis, bullPrefix, log: silent });
  const env: Record<string, string> = {
    REDIS_URL: redisServer.url,
    DATABASE_URL: databaseUrl,
    BAILEYS_URL: baileys.url,
    // All keys, because a worker generates none.
    API_KEY: 'the-api-key-of-tests',
    ADMIN_KEY: 'the-admin-key-of-tests',
    METRICS_TOKEN: 'the-metrics-token-of-tests',
    INTERNAL_SECRET: 'the-secret-of-tests',
    LOG_LEVEL: 'WARNING',
    DRAIN_SECONDS: '0',
    // The customers write as fast as programs do.
    AGENT_MOST_ANSWERS: '0',
  };
  const running: RunningService[] = [];
  const children: ChildProcess[] = [];

  return {
    redisServer,
    redis,
    db,
    baileys,
    relay,
    env,
    totals: () => readQueueTotals(redis, bullPrefix),
    async rows() {
      const sum = { inserted: 0, closed: 0, failed: 0, open: 0, pending: 0, pending_age_seconds: 0, dead: 0 };
      for (const counts of Object.values(await readJobCounts(db, { countsRows: true }))) {
        for (const name of Object.keys(sum) as (keyof JobCounts)[]) sum[name] += counts[name];
      }
      return sum;
    },
    async worker(overrides, more = {}) {
      const config = loadConfig(Config, { ...env, ...more });
      const service = await startWorker(config, { identity: identify('worker'), log: silent }, overrides);
      running.push(service);
      return service;
    },
    fork(more = {}) {
      if (script === undefined) throw new Error('prepareForks has not run');
      const child = fork(script, {
        env: { ...process.env, ...env, ...more },
        execArgv: [],
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      child.stdout?.setEncoding('utf8').resume();
      children.push(child);
      return child;
    },
    async receive(contact, text, more = {}) {
      const { message, released } = await db.transaction(async (tx) => {
        const recorded = await recordInbound(tx, {
          sessionId: 'shop',
          businessId: 'default',
          contact,
          externalId: `EXT${++messages}`,
          text,
          sentAt: new Date(),
          ...more,
        });
        return { ...recorded, released: await addJob(tx, inboundJob(recorded.message)) };
      });
      relay.enqueue([released]);
      return message.id;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(end));
      for (const service of running) service.drain();
      await Promise.all(running.map((service) => service[Symbol.asyncDispose]()));
      await relay[Symbol.asyncDispose]();
      await closeRedis(redis);
      await baileys[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
      await redisServer[Symbol.asyncDispose]();
    },
  };
}

/** The pid of the first child process that a forked worker starts for a job. The worker needs `LOG_LEVEL` INFO. */
export function jobProcessOf(worker: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    worker.stdout?.on('data', (text: string) => {
      const [, pid] = /"pid":(\d+),"msg":"the job runs in a child process/.exec(text) ?? [];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
}

/** Kills a worker and waits for its exit, so that a restarting test does not see the exit in the next test. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
