// A worker process with a heartbeat, controlled by a test over stdin.
import { createInterface } from 'node:readline';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startHeartbeat, startWatchdog, watchBullWorker } from '../../src/index.ts';

export interface WorkerOptions {
  readonly instance: string;
  readonly key: string;
  readonly queue: string;
  /** Redis for the jobs; the heartbeat has a connection of its own. */
  readonly jobsPort: number;
  readonly redisPort: number;
  readonly limited: boolean;
  /** Exits with 70 after this long without a beat, or is killed when its event loop is blocked for as long. */
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
