import { randomUUID } from 'node:crypto';
import {
  type Database,
  type MessageRow,
  type ReleasedJob,
  addJob,
  createDatabase,
  createSession,
  insertReply,
  migrate,
  recordInbound,
} from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { closeRedis, createRedis } from '@prosaas/runtime';
import { type Processor, Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { inboundJob, outboundJob } from './new-jobs.ts';
import type { QueueName } from './queue-table.ts';
import { type TestRedis, bullPrefix, useRedis, silent } from './test-redis.ts';

export const inbound: QueueName = 'inbound-messages';

export interface TestJobs extends TestRedis {
  db: Database;
}

/** A Redis and a database for a test file, both without jobs at the start of each test. */
export function useJobs(): TestJobs {
  const env = useRedis() as TestJobs;
  beforeAll(async () => {
    const url = await testDatabase();
    await migrate({ url, log: silent });
    env.db = createDatabase({ url, applicationName: 'test', log: silent });
    await createSession(env.db, { id: 'shop', businessId: 'default', wanted: 'started' });
  });
  afterAll(() => env.db[Symbol.asyncDispose]());
  beforeEach(async () => {
    await env.server.onEveryNode('FLUSHALL');
    await env.db.query('truncate jobs, job_counts, conversations, messages cascade');
  });
  return env;
}

/** Stores an inbound message and its job. `released` is undefined if the job waits behind another one. */
export async function receive(
  db: Database,
  contact: string = randomUUID(),
): Promise<{ message: MessageRow; id: string; released: ReleasedJob | undefined }> {
  return db.transaction(async (tx) => {
    const { message } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact: `${contact}@s.whatsapp.net`,
      externalId: randomUUID(),
      text: 'hello',
      sentAt: new Date(),
    });
    const released = await addJob(tx, inboundJob(message));
    const [row] = await tx.query<{ id: string }>('select id::text as id from jobs where message_id = $1', [
      message.id,
    ]);
    return { message, id: row!.id, released };
  });
}

/** Stores the reply to a message and its job. */
export async function answer(db: Database, message: MessageRow): Promise<ReleasedJob | undefined> {
  return db.transaction(async (tx) => addJob(tx, outboundJob((await insertReply(tx, message, 'hello'))!)));
}

/** A released job that has no row. */
export const released = (id: string, more: Partial<ReleasedJob> = {}): ReleasedJob => ({
  id,
  release: 1,
  queue: inbound,
  payload: { of: id },
  trace: null,
  worker_deaths: 0,
  read_ms: Date.now(),
  ...more,
});

/** BullMQ's queue itself, to inspect it and to add jobs. */
export function openQueue(env: TestRedis, name: string = inbound): Queue & AsyncDisposable {
  const queue = new Queue(name, { connection: env.redis, prefix: bullPrefix });
  queue.on('error', () => {});
  return Object.assign(queue, { [Symbol.asyncDispose]: () => queue.close() });
}

/** A BullMQ worker with metrics, as the worker service has. */
export async function startWorker(
  env: TestRedis,
  processor: Processor,
  name: string = inbound,
): Promise<AsyncDisposable & { worker: Worker }> {
  const blocking = createRedis({ url: env.server.url, name: 'test:jobs', role: 'blocking', log: silent });
  const worker = new Worker(name, processor, {
    connection: blocking,
    prefix: bullPrefix,
    concurrency: 5,
    metrics: { maxDataPoints: 60 },
  });
  worker.on('error', () => {});
  await worker.waitUntilReady();
  return {
    worker,
    async [Symbol.asyncDispose]() {
      // Forced: a job that still runs when a test fails would block it.
      await worker.close(true);
      await closeRedis(blocking);
    },
  };
}
