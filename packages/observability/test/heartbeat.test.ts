import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type RedisServer, poll, startRedis } from '@prosaas/devstack';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReplicaHeartbeat, readHeartbeats } from '../src/index.ts';
import { startDeafProxy } from './heartbeat/deaf-proxy.ts';
import type { WorkerOptions } from './heartbeat/worker-process.ts';

const KEY = 'worker:heartbeat';

let server: RedisServer;
let redis: Redis;
const cleanup = new AsyncDisposableStack();
beforeAll(async () => {
  server = cleanup.use(await startRedis());
  redis = new Redis(server.url);
  cleanup.defer(() => redis.disconnect());
});
afterAll(() => cleanup.disposeAsync());

type LastHeartbeat = ReplicaHeartbeat & { beat_at: number; age_seconds: number };

interface TestWorker {
  readonly process: ChildProcess;
  readonly queue: Queue;
  command(line: string): void;
  /** Resolves when it has printed the line. */
  prints(line: string): Promise<void>;
  beat(): Promise<LastHeartbeat>;
  /** Waits for this many further beats. */
  beats(count: number): Promise<void>;
  /** Waits until the last beat is older than this. */
  isSilent(seconds: number): Promise<void>;
}

async function startWorker(name: string, options: Partial<WorkerOptions> = {}): Promise<TestWorker> {
  const instance = `worker:h:${name}`;
  const all: WorkerOptions = {
    instance,
    key: KEY,
    queue: name,
    jobsPort: server.port,
    redisPort: server.port,
    limited: false,
    exitAfterSeconds: 3600,
    ...options,
  };
  const script = fileURLToPath(new URL('heartbeat/worker-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@prosaas/source', script, JSON.stringify(all)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  cleanup.defer(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const printed: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => printed.push(line));
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port: server.port } });
  queue.on('error', () => undefined);
  cleanup.defer(() => queue.close());

  const heartbeatRedis = all.redisPort === server.port ? redis : new Redis(all.redisPort);
  heartbeatRedis.on('error', () => undefined);
  cleanup.defer(() => heartbeatRedis.disconnect());
  const beat = (): Promise<LastHeartbeat> =>
    poll(
      async () => {
        const { replicas } = await readHeartbeats({ redis: heartbeatRedis, key: KEY });
        return replicas.find(
          (replica): replica is LastHeartbeat => replica.instance === instance && replica.beat_at !== null,
        );
      },
      { timeoutMs: 60_000, what: `a beat of ${instance}` },
    );
  await beat();
  return {
    process: child,
    queue,
    beat,
    command: (line) => void child.stdin.write(`${line}\n`),
    prints: async (line) => {
      await poll(() => printed.includes(line), { timeoutMs: 60_000, what: `${instance} to print ${line}` });
    },
    beats: async (count) => {
      const { beat_at } = await beat();
      const what = `${count} beats of ${instance}`;
      await poll(async () => (await beat()).beat_at >= beat_at + count, { timeoutMs: 60_000, what });
    },
    isSilent: async (seconds) => {
      const what = `silence of ${instance}`;
      await poll(async () => (await beat()).age_seconds > seconds, { timeoutMs: 60_000, what });
    },
  };
}

describe.concurrent('a worker in a process of its own', { timeout: 150_000 }, () => {
  test('beats while it is idle', async () => {
    const worker = await startWorker('idle');
    await worker.beats(15);
    expect((await worker.beat()).queues).toEqual({ idle: 'fetch' });
  });

  test('does not beat while it is frozen, becomes lost, and beats again when it wakes', async () => {
    const worker = await startWorker('frozen');
    worker.process.kill('SIGSTOP');
    await worker.isSilent(5);
    const { beat_at } = await worker.beat();
    const later = await readHeartbeats({ redis, key: KEY, now: beat_at + 100 });
    expect(later.replicas.find(({ instance }) => instance === 'worker:h:frozen')).toMatchObject({
      state: 'lost',
    });
    worker.process.kill('SIGCONT');
    await worker.beats(2);
  });

  test('does not beat while its event loop is blocked', async () => {
    const worker = await startWorker('starved');
    worker.command('block 6000');
    await worker.isSilent(4);
    await worker.prints('unblocked');
    await worker.beats(2);
  });

  test('beats while its queue is paused', async () => {
    const worker = await startWorker('paused');
    await worker.queue.pause();
    await worker.queue.add('job', {});
    await worker.beats(15);
    expect(await worker.queue.getActiveCount()).toBe(0);
  });

  test('beats while it is rate-limited, although it fetches nothing', async () => {
    const worker = await startWorker('limited', { limited: true });
    await worker.queue.addBulk([1, 2, 3].map((n) => ({ name: 'job', data: { n } })));
    await poll(async () => (await worker.beat()).queues['limited'] === 'rate_limited', { timeoutMs: 60_000 });
    await worker.beats(2);
  });

  test('does not beat while its blocking connection is dead, and beats again with a new one', async () => {
    const proxy = cleanup.use(await startDeafProxy(server.port));
    const worker = await startWorker('deaf', { jobsPort: proxy.port });
    proxy.deaf = true;
    await worker.isSilent(5);
    worker.command('ping');
    await worker.prints('pong');
    proxy.deaf = false;
    await worker.beats(2);
  });

  test('does not beat once it has stopped taking jobs, although its process runs', async () => {
    const worker = await startWorker('closed');
    worker.command('close');
    await worker.isSilent(5);
    worker.command('ping');
    await worker.prints('pong');
    await worker.prints('no heartbeat: not every consumer works');
  });

  test('records which consumer does not work and why, and exits when that lasts', async () => {
    const proxy = cleanup.use(await startDeafProxy(server.port));
    const worker = await startWorker('ending', { jobsPort: proxy.port, exitAfterSeconds: 6 });
    const exit = once(worker.process, 'exit');
    proxy.deaf = true;
    const { failing } = await poll(
      async () => {
        const beat = await worker.beat();
        return beat.failing !== undefined && beat;
      },
      { timeoutMs: 60_000, what: 'the reason' },
    );
    expect(failing).toEqual({ ending: expect.stringMatching(/^no job was taken and no fetch came back/) });
    expect((await exit)[0]).toBe(70);
  });

  test('exits when all its slots are held by jobs beyond their time limit', async () => {
    const worker = await startWorker('stuck', { exitAfterSeconds: 3 });
    await worker.queue.add('stuck', {});
    expect((await once(worker.process, 'exit'))[0]).toBe(70);
    expect((await worker.beat()).failing).toEqual({
      stuck: 'all 1 slots are busy, 1 beyond the time limit of a job',
    });
  });

  test('is killed by its watchdog when its event loop is blocked for good', async () => {
    const worker = await startWorker('still', { exitAfterSeconds: 4 });
    worker.command('block 3600000');
    expect(await once(worker.process, 'exit')).toEqual([null, 'SIGKILL']);
  });

  test('does not exit when it is paused, rate-limited or frozen from outside', async () => {
    const workers = await Promise.all(
      ['calm', 'slow'].map((name) => startWorker(name, { exitAfterSeconds: 3, limited: name === 'slow' })),
    );
    await workers[0]!.queue.pause();
    await Promise.all(workers.map(({ queue }) => queue.add('job', {})));
    workers[0]!.process.kill('SIGSTOP');
    await workers[0]!.isSilent(8);
    workers[0]!.process.kill('SIGCONT');
    await Promise.all(workers.map(({ beats }) => beats(6)));
    expect(workers.map(({ process: { exitCode, signalCode } }) => [exitCode, signalCode])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  test('does not exit while Redis is away, and beats again when Redis is back', async () => {
    await using own = await startRedis();
    const worker = await startWorker('orphan', {
      jobsPort: own.port,
      redisPort: own.port,
      exitAfterSeconds: 8,
    });
    await own.stop();
    const stoppedAt = performance.now();
    await poll(() => performance.now() - stoppedAt > 10_000, {
      timeoutMs: 60_000,
      what: 'ten seconds without Redis',
    });
    expect([worker.process.exitCode, worker.process.signalCode]).toEqual([null, null]);
    await own.start();
    await worker.beats(1);
  });

  test('lists the queues that it serves', async () => {
    const worker = await startWorker('served');
    expect(Object.keys((await worker.beat()).queues)).toEqual(['served']);
    const { replicas } = await readHeartbeats({ redis, key: KEY });
    const served = replicas.flatMap(({ state, queues }) => (state === 'live' ? Object.keys(queues) : []));
    expect(served).not.toContain('nobodys');
  });
});
