// A worker in a process of its own, with a heart: what happens to it is up to the test.
import { createInterface } from 'node:readline';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startHeartbeat, startWatchdog, watchBullWorker } from '../../src/index.ts';

export interface WorkerOptions {
  readonly instance: string;
  readonly key: string;
  readonly queue: string;
  /** Where jobs are fetched; the heart has a connection of its own. */
  readonly jobsPort: number;
  readonly redisPort: number;
  readonly limited: boolean;
  /** It ends with 70 after so many seconds without an earned beat, or by a signal when its event loop stands still. */
  readonly exitAfterSeconds: number;
}

const options = JSON.parse(process.argv[2]!) as WorkerOptions;
const { instance, key, queue, jobsPort, redisPort, limited, exitAfterSeconds } = options;
const work = async ({ name }: { name: string }): Promise<void> => {
  if (name === 'stuck') await new Promise(() => undefined);
};
const worker = new Worker(queue, work, {
  connection: { host: '127.0.0.1', port: jobsPort, maxRetriesPerRequest: null },
  drainDelay: 1,
  ...(limited ? { limiter: { max: 1, duration: 120_000 } } : {}),
});
worker.on('error', () => undefined);
const redis = new Redis({
  port: redisPort,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: () => 100,
});
redis.on('error', () => undefined);
startWatchdog({ limitSeconds: exitAfterSeconds, line: () => 'the event loop stands still' });
startHeartbeat({
  redis,
  key,
  replica: { instance, host: 'host', pid: process.pid, startedAt: new Date() },
  everySeconds: 1,
  consumers: [watchBullWorker(worker, { timeLimitMs: 2000 })],
  giveUp: { afterSeconds: exitAfterSeconds, run: () => process.exit(70) },
  log: { info: () => undefined, warn: (_fields, message) => void process.stdout.write(`${message}\n`) },
});

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [order, argument] = line.split(' ');
    if (order === 'block') {
      const until = performance.now() + Number(argument);
      while (performance.now() < until);
      process.stdout.write('unblocked\n');
    }
    if (order === 'close') void worker.close(true);
    if (order === 'ping') process.stdout.write('pong\n');
  })
  .on('close', () => process.exit(0));
