import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  addToOutbox,
  createDatabase,
  createSession,
  migrate,
  recordInbound,
  type Database,
} from '@prosaas/database';
import { type EitherRedis, eitherRedis, testDatabase, type PostgresServer } from '@prosaas/devstack';
import { createProducer, readQueueTotals, type Producer, type QueueTotals } from '@prosaas/queues';
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
import { Config } from '../src/config.ts';
import { startWorker, type WorkerOverrides } from '../src/service.ts';
import { startFakeBaileys, type FakeBaileys } from './fake-baileys.ts';

export const silent: Logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** A Redis and a database of the test's own, a baileys service that only pretends, and workers over them. */
export interface Stage extends AsyncDisposable {
  redisServer: EitherRedis;
  redis: Redis;
  db: Database;
  baileys: FakeBaileys;
  producer: Producer;
  env: Record<string, string>;
  totals(): Promise<QueueTotals>;
  worker(overrides?: WorkerOverrides, env?: Record<string, string>): Promise<RunningService>;
  /** A process of its own; from a dead one jobs are taken over within seconds. */
  fork(env?: Record<string, string>): ChildProcess;
  /** A message of a contact's arrives, with its job. */
  receive(contact: string, text: string): Promise<string>;
}

let messages = 0;

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
  const producer = createProducer({ redis, bullPrefix });
  const env: Record<string, string> = {
    REDIS_URL: redisServer.url,
    DATABASE_URL: databaseUrl,
    BAILEYS_URL: baileys.url,
    // All of them: a worker generates none.
    API_KEY: 'business',
    ADMIN_KEY: 'admin',
    METRICS_TOKEN: 'metrics',
    INTERNAL_SECRET: 'secret',
    LOG_LEVEL: 'ERROR',
    DRAIN_SECONDS: '0',
  };
  const running: RunningService[] = [];
  const children: ChildProcess[] = [];

  return {
    redisServer,
    redis,
    db,
    baileys,
    producer,
    env,
    totals: () => readQueueTotals(redis, bullPrefix),
    async worker(overrides, more = {}) {
      const config = loadConfig(Config, { ...env, ...more });
      const service = await startWorker(config, { identity: identify('worker'), log: silent }, overrides);
      running.push(service);
      return service;
    },
    fork(more = {}) {
      const child = fork(new URL('short-locks.ts', import.meta.url), {
        env: { ...process.env, ...env, ...more },
        execArgv: ['--conditions=@prosaas/source'],
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      child.stdout?.setEncoding('utf8').resume();
      children.push(child);
      return child;
    },
    async receive(contact, text) {
      const { message } = await db.transaction(async (tx) => {
        const recorded = await recordInbound(tx, {
          sessionId: 'shop',
          businessId: 'default',
          contact,
          externalId: `EXT${++messages}`,
          text,
          sentAt: new Date(),
        });
        await addToOutbox(tx, {
          queue: 'inbound-messages',
          key: recorded.message.id,
          payload: {
            messageId: recorded.message.id,
            conversationId: recorded.conversationId,
            businessId: 'default',
          },
        });
        return recorded;
      });
      return message.id;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(end));
      for (const service of running) service.drain();
      await Promise.all(running.map((service) => service[Symbol.asyncDispose]()));
      await producer[Symbol.asyncDispose]();
      await closeRedis(redis);
      await baileys[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
      await redisServer[Symbol.asyncDispose]();
    },
  };
}

/** The process id of the first sandbox that a forked worker starts; its `LOG_LEVEL` has to be INFO. */
export function sandboxOf(worker: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    worker.stdout?.on('data', (text: string) => {
      const [, pid] = /"pid":(\d+),"msg":"a sandbox was started/.exec(text) ?? [];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
}

/** Resolves when it is gone: who starts a worker anew when one ends must not hear of it in the next test. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** What the books must say at any moment: 0. */
export function balance({ enqueued, completed, failed, queues }: QueueTotals): number {
  const held = Object.values(queues).reduce((sum, q) => sum + q.waiting + q.active + q.delayed, 0);
  return enqueued - completed - failed - held;
}
