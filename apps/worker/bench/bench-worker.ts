import { type Database, createDatabase } from '@prosaas/database';
import { type Producer, createProducer, openQueueControl, openBegunWork, queueTable } from '@prosaas/queues';
import { type Logger, createLogger, createRedis, identify, keyspace, redisReady } from '@prosaas/runtime';
import { startTelemetry } from '@prosaas/telemetry';
import { Queue, Worker } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { consumerTimes, startConsumers } from '../src/consumers.ts';
import { bindJobInstruments } from '../src/job-instruments.ts';
import type { Handlers } from '../src/run-job.ts';

const CONCURRENCY = 50;
const QUEUE = 'inbound-messages';

/** Adds jobs to a queue and does them; `onJob` hears of each as it starts. */
export interface BenchWorker {
  add(ids: readonly string[]): Promise<unknown>;
  /** In Redis: what is added stands ready. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

type OnJob = (id: string) => void | Promise<void>;

const log: Logger = createLogger({ service: 'bench', instance: 'bench', level: 'info' });
const HOUR_MS = 3_600_000;
const redisUrl = (): string => process.env['BENCH_REDIS_URL']!;

export function benchDatabase(): Database {
  const url = process.env['BENCH_DATABASE_URL']!;
  return createDatabase({ url, size: 20, applicationName: 'bench', log });
}

const payloadOf = (messageId: string): { messageId: string; conversationId: string; businessId: string } => ({
  messageId,
  conversationId: messageId,
  businessId: 'default',
});

/** A queue and a worker as BullMQ's documentation begins, with the payloads and the retry policy of ours, which are its own features. */
export async function plainBullMq(prefix: string, onJob: OnJob): Promise<BenchWorker> {
  const connection = { url: redisUrl(), maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection, prefix });
  const worker = new Worker<{ messageId: string }>(
    QUEUE,
    (job) => onJob(job.data.messageId) ?? Promise.resolve(),
    {
      connection,
      prefix,
      concurrency: CONCURRENCY,
    },
  );
  await worker.waitUntilReady();
  const { attempts, backoff, keepCompleted } = queueTable[QUEUE];
  const job = (id: string): Parameters<typeof queue.addBulk>[0][number] => ({
    name: QUEUE,
    data: payloadOf(id),
    opts: {
      jobId: id,
      attempts,
      backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
      removeOnComplete: { age: keepCompleted.ageSeconds, count: keepCompleted.count },
    },
  });
  return {
    add: ([first, ...more]) =>
      more.length === 0 && first !== undefined
        ? queue.add(QUEUE, payloadOf(first), job(first).opts)
        : queue.addBulk([first!, ...more].map((id) => job(id))),
    pause: () => queue.pause(),
    resume: () => queue.resume(),
  };
}

/** The worker's own consumers and its producer, with its metrics published: only what a job does is not its own. */
export async function prosaas(
  namespace: string,
  onJob: OnJob,
): Promise<BenchWorker & { addLater(count: number): Promise<void> }> {
  const { bullPrefix } = keyspace(namespace);
  const client = (name: string, role: 'commands' | 'blocking'): ReturnType<typeof createRedis> =>
    createRedis({ url: redisUrl(), name, role, log });
  const telemetry = startTelemetry({
    config: { REDIS_URL: redisUrl(), REDIS_NAMESPACE: namespace },
    identity: identify('worker'),
    log,
  });
  const redis = client('bench', 'commands');
  await redisReady(redis);
  const producer: Producer = createProducer({ redis, bullPrefix });
  const control = openQueueControl({ redis, bullPrefix });
  const handle: Handlers[typeof QUEUE] = async ({ payload }) => onJob(payload.messageId);
  const consumers = startConsumers({
    redis: client('bench:jobs', 'blocking'),
    bullPrefix,
    queues: queueTable,
    handlers: { [QUEUE]: handle, 'outbound-messages': handle },
    begunWork: openBegunWork({ redis, bullPrefix }),
    setApart: () => Promise.reject(new Error('no job of a bench is set apart')),
    concurrency: CONCURRENCY,
    instance: 'bench',
    instruments: bindJobInstruments(telemetry.metrics),
    onFailed: () => {
      throw new Error('no job of a bench fails');
    },
    log,
    times: consumerTimes,
  });
  await consumers.ready();
  const job = (id: string): { queue: typeof QUEUE; key: string; payload: object } => ({
    queue: QUEUE,
    key: id,
    payload: payloadOf(id),
  });
  return {
    add: ([first, ...more]) =>
      more.length === 0 && first !== undefined
        ? producer.enqueue(QUEUE, { key: first, payload: payloadOf(first) })
        : producer.enqueueUnchecked([first!, ...more].map(job)),
    /** Jobs that are there and not due for an hour. */
    addLater: (count) =>
      inBatches(
        Array.from({ length: count }, () => randomUUID()),
        (ids) =>
          producer.enqueueUnchecked(ids.map((id) => ({ ...job(id), runAt: new Date(Date.now() + HOUR_MS) }))),
      ),
    pause: () => control.pause(QUEUE),
    resume: () => control.resume(QUEUE),
  };
}

/** No queue at all: what `onJob` costs by itself, as many at once. */
export async function handlerAlone(_name: string, onJob: OnJob): Promise<BenchWorker> {
  const ready: string[] = [];
  const lane = async (): Promise<void> => {
    for (let id = ready.pop(); id !== undefined; id = ready.pop()) await onJob(id);
  };
  return {
    add: async (ids) => ready.push(...ids),
    pause: async () => {},
    resume: async () => {
      for (let one = 0; one < CONCURRENCY; one++) void lane();
    },
  };
}

export async function inBatches(
  ids: readonly string[],
  add: (batch: string[]) => Promise<unknown>,
): Promise<void> {
  for (let done = 0; done < ids.length; done += 500) await add(ids.slice(done, done + 500));
}
