import { poll } from '@prosaas/devstack';
import { openDeadLetters, queueTable } from '@prosaas/queues';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { QueueDefinitions } from '../src/run-job.ts';
import { type Stage, sandboxOf, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 60_000 });

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

const outbound = (changes: Partial<QueueDefinitions['outbound-messages']>): { queues: QueueDefinitions } => ({
  queues: { ...queueTable, 'outbound-messages': { ...queueTable['outbound-messages'], ...changes } },
});
const completed = async (): Promise<number> => (await stage.totals()).completed;

test('a job past its time limit is aborted through its signal, and its story says so', async () => {
  stage.baileys.delayMs = 30_000;
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.worker(outbound({ timeLimitMs: 200 }));
  await poll(async () => stage.baileys.requests >= 2, { timeoutMs: 30_000, what: 'a second attempt' });
  stage.baileys.delayMs = 0;
  stage.baileys.fault = () => 422;
  await poll(async () => (await stage.totals()).deadLetter === 1, { timeoutMs: 30_000, what: 'the end' });
  await using letters = openDeadLetters({ redis: stage.redis, bullPrefix: '{prosaas}' });
  const { letters: found } = await letters.select({}, 10);
  expect(found[0]?.failures[0]).toMatchObject({ attempt: 1, error: expect.stringMatching(/^TimeIsUp: /) });
  expect(found[0]?.failures[0]?.ran_ms).toBeGreaterThanOrEqual(199);
});

test('all workers together send messages at the rate of a queue, and nobody takes them for dead', async () => {
  // Most of them by a job that works off its conversation.
  for (let message = 0; message < 30; message++)
    await stage.receive(`${message % 2}@s.whatsapp.net`, 'Do you take cash?');
  const at: number[] = [];
  stage.baileys.fault = () => {
    at.push(Date.now());
    return undefined;
  };
  const slow = outbound({ rateLimit: { max: 5, perMs: 1000 } });
  const seconds = { WORKER_HEARTBEAT_SECONDS: '1', WORKER_EXIT_AFTER_SECONDS: '3' };
  await stage.worker(slow, seconds);
  await stage.worker(slow, seconds);
  await poll(async () => (await completed()) === 60, { timeoutMs: 45_000, what: 'all to be sent' });
  expect(stage.baileys.sent).toHaveLength(30);
  // Of any six sends the first and the last lie in two windows of a second, or a window apart.
  const gaps = at.slice(10).map((time, index) => time - at[index]!);
  expect(Math.min(...gaps)).toBeGreaterThan(900);
  expect(Number(await stage.redis.get('worker:heartbeat'))).toBeGreaterThan(Date.now() / 1000 - 5);
});

test('a job of a sandboxed queue that computes for ever takes no worker with it', async () => {
  const preload = new URL('deadly-fetch.ts', import.meta.url).href;
  const worker = stage.fork({
    NODE_OPTIONS: `--import ${preload}`,
    WORKER_EXIT_AFTER_SECONDS: '3',
    TEST_SANDBOXED: 'outbound-messages',
  });
  await stage.receive('blocks@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await poll(async () => (await stage.totals()).deadLetter === 1, {
    timeoutMs: 45_000,
    what: 'the job to be given up',
  });
  await poll(async () => (await completed()) === 3, { timeoutMs: 30_000, what: 'the other to be sent' });
  expect(stage.baileys.sent).toHaveLength(1);
  expect(worker.exitCode).toBeNull();
});

test('a sandbox ends with its worker, also when that is killed before the sandbox has started', async () => {
  const worker = stage.fork({ LOG_LEVEL: 'INFO', TEST_SANDBOXED: 'outbound-messages' });
  const sandbox = sandboxOf(worker);
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const pid = await sandbox;
  worker.kill('SIGKILL');
  const isGone = (): boolean => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  await poll(isGone, { timeoutMs: 30_000, what: 'the sandbox to be gone' });
});
