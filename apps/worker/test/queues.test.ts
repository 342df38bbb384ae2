import { poll } from '@prosaas/devstack';
import { openJobReader } from '@prosaas/queues';
import { keyspace } from '@prosaas/runtime';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Stage, jobProcessOf, prepareForks, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 60_000 });

let stage: Stage;
beforeAll(prepareForks);
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

test('all workers together keep the send rate, and their heartbeats stay alive', async () => {
  for (let message = 0; message < 30; message++)
    await stage.receive(`${message}@s.whatsapp.net`, 'Do you take cash?');
  const at: number[] = [];
  stage.baileys.fault = () => {
    at.push(Date.now());
    return undefined;
  };
  const slow = {
    WORKER_SENDS_PER_SECOND: '5',
    WORKER_HEARTBEAT_SECONDS: '1',
    WORKER_EXIT_AFTER_SECONDS: '3',
  };
  await stage.worker({}, slow);
  await stage.worker({}, slow);
  const beats = new Set<string | null>();
  await poll(
    async () => {
      if (at.length > 0 && at.length < 30) beats.add(await stage.redis.get('worker:heartbeat'));
      return (await stage.totals()).completed === 60;
    },
    { timeoutMs: 45_000, everyMs: 100, what: 'all to be sent' },
  );
  expect(stage.baileys.sent).toHaveLength(30);
  // Five per window of a second make six windows; five per worker would make three.
  expect(at.at(-1)! - at[0]!).toBeGreaterThan(3500);
  // One a second, also from workers that wait for the next window.
  expect(beats.size).toBeGreaterThanOrEqual(4);
});

test('the child process of a job exits when its worker dies', async () => {
  stage.baileys.delayMs = 60_000;
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  for (let kill = 1; kill <= 2; kill++) {
    const worker = stage.fork();
    await poll(() => stage.baileys.requests >= kill, { timeoutMs: 60_000, what: 'a send under way' });
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  const worker = stage.fork({ LOG_LEVEL: 'INFO' });
  const pid = await jobProcessOf(worker);
  worker.kill('SIGKILL');
  const isGone = (): boolean => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  await poll(isGone, { timeoutMs: 30_000, what: 'the process of the job to be gone' });
});

test('a running job has its start time and its worker', async () => {
  stage.baileys.delayMs = 60_000;
  await stage.worker();
  const beganAt = Date.now();
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const { bullPrefix } = keyspace('prosaas');
  await using jobs = openJobReader({ redis: stage.redis, bullPrefix });
  const [job] = await poll(
    async () => {
      const list = { queue: 'outbound-messages', state: 'active', offset: 0, limit: 1 } as const;
      const found = await jobs.listJobs(list);
      return found.length > 0 && found;
    },
    { timeoutMs: 30_000, what: 'a send under way' },
  );
  const beat = await poll(
    () => stage.redis.zrange('worker:heartbeat:replicas', '0', '-1').then(([one]) => one),
    {
      timeoutMs: 30_000,
      what: 'the heartbeat of the worker',
    },
  );
  expect(job?.worker).toBe(beat);
  expect(new Date(job?.started_at ?? 0).getTime()).toBeGreaterThanOrEqual(beganAt - 1);
});
