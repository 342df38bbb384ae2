import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linesBeforeTable, npmStart, type Started } from './support/npm-start.ts';
import { until } from './support/stack.ts';

let started: Started;

beforeAll(async () => {
  started = await npmStart();
});
afterAll(() => started?.[Symbol.asyncDispose]());

test('a first start prints no warning, no error, no stack, and few lines', () => {
  const lines = linesBeforeTable(started);
  expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(20);
  expect(lines.filter((line) => / (?:warn|error|fatal) |^\s+at |undefined|Answered/.test(line))).toEqual([]);
});

test('the api logs once that keys were generated, with the command that reads them', () => {
  const lines = started.lines.filter((line) => line.includes('were generated'));
  expect(lines).toEqual([expect.stringMatching(/^api .*command=npm run keys$/)]);
});

test('restarts a killed store or service, prints a line, and all works again', async () => {
  await using redis = await redisOfStart();
  const pidOfRedis = /process_id:(\d+)/.exec(await redis.client.info('server'))?.[1];
  const beats = await poll(() => redis.client.keys('worker:heartbeat:worker*').then((keys) => keys[0]));
  const { pid: pidOfWorker } = JSON.parse((await redis.client.get(beats)) ?? '') as { pid: number };
  const [pidOfPostgres] = (await readFile(join(started.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split(
    '\n',
  );
  for (const [name, pid] of [
    ['Redis', pidOfRedis],
    ['PostgreSQL', pidOfPostgres],
    ['worker', pidOfWorker],
  ] as const) {
    process.kill(Number(pid), 'SIGKILL');
    expect(await started.says(`${name} ended by itself`)).toMatch(
      /\(SIGKILL\): started again after [\d.]+ s$/,
    );
    await until(`http://127.0.0.1:${started.ports.api}/readyz?verbose`, ({ text }) => !/^\[-\]/m.test(text), {
      timeoutMs: 60_000,
    });
  }
});

test('stops everything with one line if a service keeps ending', async () => {
  await using redis = await redisOfStart();
  const killed = new Set<number>();
  const workers = async (): Promise<number[]> => {
    const keys = await redis.client.keys('worker:heartbeat:worker*').catch(() => []);
    const beats = await Promise.all(keys.map((key) => redis.client.get(key).catch(() => null)));
    return beats.map((beat) => (JSON.parse(beat ?? '{}') as { pid?: number }).pid ?? 0);
  };
  for (;;) {
    const pid = await poll(
      async () =>
        started.lines.some((line) => line.includes('stopping the rest')) ||
        (await workers()).find((one) => one > 0 && !killed.has(one) && isAlive(one)),
      { timeoutMs: 60_000, what: 'a new worker' },
    );
    if (pid === true) break;
    killed.add(pid);
    process.kill(pid, 'SIGKILL');
  }
  expect(await started.exited).toBe(1);
  expect(await started.says('stopping the rest')).toMatch(
    /worker ended by itself \(SIGKILL\), for the 4th time/,
  );
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function redisOfStart(): Promise<AsyncDisposable & { client: Redis }> {
  const client = new Redis(started.ports.redis, '127.0.0.1', { maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() };
}
