import { type ChildService, type Stack, fillDiskUnderRedis, poll } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, bearer } from './support/ask.ts';
import { redisOf } from './support/redis.ts';
import { type LogLine, isStatus, logLines, startQuickStack, until } from './support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startQuickStack({ env: { READYZ_REQUIRE: 'database, baileys, redis' } });
});
afterAll(() => stack[Symbol.asyncDispose]());

const api = (path: string): string => `${stack.url.api}${path}`;

/** Expects the probes that do not depend on Redis to pass. */
async function expectOthersWell(): Promise<void> {
  for (const url of [
    api('/api/health'),
    api('/livez'),
    `${stack.url.baileys}/health`,
    `${stack.url.calls}/livez`,
  ]) {
    expect([url, (await ask(url)).status]).toEqual([url, 200]);
  }
  expect(stack.services.worker.running()).toBe(true);
}

async function untilAllWell(): Promise<void> {
  await until(`${stack.url.calls}/health`, isStatus(200));
  await until(api('/readyz'), isStatus(200));
  await until(api('/health/agentkit'), isStatus(200));
  await stack.services.worker.ready();
}

const linesOf = (service: ChildService): LogLine[] =>
  logLines(service.output()).filter(({ msg }) => msg.startsWith('REDIS MAY LOSE JOBS'));

test('settings that may lose jobs are a warning in the details of health and an error in the log of a starting service', async () => {
  await using redis = await redisOf(stack);
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.client.config('SET', 'appendonly', 'no');
  const answer = await until(api('/api/health?verbose'), ({ text }) => text.includes('evicts_keys'));
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(/^\[\+\]redis ok, warning: evicts_keys,no_append_only_file$/m);
  expect((await ask(api('/api/health'))).text).toBe('{"status":"healthy"}');
  for (const service of [stack.services.api, stack.services.worker]) {
    await service.restart();
    const lines = await poll(() => linesOf(service).length > 0 && linesOf(service), { what: 'a loud line' });
    expect(lines).toMatchObject([{ level: 'error', reasons: ['evicts_keys', 'no_append_only_file'] }]);
  }
  await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  await redis.client.config('SET', 'appendonly', 'yes');
  await until(api('/api/health?verbose'), ({ text }) => text.includes('[+]redis ok\n'));
});

describe('Redis', () => {
  test('is stopped: calls and worker cannot work, the api answers, and probes that require Redis report refused', async () => {
    await stack.redis?.stop();
    const calls = await until(`${stack.url.calls}/health`, isStatus(503));
    expect(calls.body).toMatchObject({ status: 'unhealthy', checks: { redis: { reason: 'refused' } } });
    const ready = await until(api('/readyz'), isStatus(503));
    expect(ready.body).toMatchObject({
      ready: false,
      checks: { redis: { status: 'fail', reason: 'refused' } },
    });
    expect((await ask(api('/api/health?verbose'))).text).toContain('[-]redis failed: refused (not required)');
    const warmUp = await ask(api('/warmup'));
    expect([warmUp.status, warmUp.body]).toMatchObject([503, { status: 'cold' }]);
    await expectOthersWell();
    await stack.redis?.start();
    await untilAllWell();
  });

  test('hangs: the reason is timeout, and metrics show the last known totals', async () => {
    stack.redis?.freeze();
    const calls = await until(`${stack.url.calls}/health`, isStatus(503));
    expect(calls.body).toMatchObject({ checks: { redis: { reason: 'timeout' } } });
    await until(api('/readyz?verbose'), ({ text }) => text.includes('[-]redis failed: timeout'));
    const metrics = await ask(api('/metrics.json?verbose'), bearer(stack.keys.metricsToken));
    expect([metrics.status, metrics.body]).toMatchObject([200, { complete: false }]);
    await expectOthersWell();
    stack.redis?.thaw();
    await untilAllWell();
  });

  test('is away when the services start: they live, and work once it is there', async () => {
    await stack.redis?.stop();
    await Promise.all(Object.values(stack.services).map((service) => service.restart()));
    await until(api('/api/health'), isStatus(200));
    await until(`${stack.url.baileys}/health`, isStatus(200));
    await until(`${stack.url.calls}/health`, isStatus(503));
    await expectOthersWell();
    await stack.redis?.start();
    await untilAllWell();
  });
});

describe('a Redis that accepts no writes', () => {
  /** Waits until every service shows the code. Only the api can work without Redis, unless it is configured to require it. */
  async function untilAllSay(reason: string): Promise<void> {
    const calls = await until(
      `${stack.url.calls}/health`,
      ({ status, text }) => status === 503 && text.includes(reason),
    );
    expect(calls.body).toMatchObject({ status: 'unhealthy', checks: { redis: { status: 'fail', reason } } });
    const ready = await until(api('/readyz'), isStatus(503));
    expect(ready.body).toMatchObject({ ready: false, checks: { redis: { status: 'fail', reason } } });
    const baileys = await until(`${stack.url.baileys}/health?verbose`, ({ text }) =>
      text.includes('[-]redis'),
    );
    expect(baileys.text).toContain(`[-]redis failed: ${reason} (not required)`);
    await expectOthersWell();
  }

  test('because its memory is full: every service reports out_of_memory', async () => {
    await using redis = await redisOf(stack);
    await redis.client.config('SET', 'maxmemory', '1mb');
    await untilAllSay('out_of_memory');
    await redis.client.config('SET', 'maxmemory', '0');
    await untilAllWell();
  });

  test('because its append-only file cannot be written: every service reports append_failed', async () => {
    const full = await fillDiskUnderRedis(stack.redis!);
    await untilAllSay('append_failed');
    await full[Symbol.asyncDispose]();
    await untilAllWell();
  });

  test('because it is a replica: every service reports read_only', async () => {
    await using redis = await redisOf(stack);
    await redis.client.replicaof('127.0.0.1', 1);
    await untilAllSay('read_only');
    await redis.client.replicaof('NO', 'ONE');
    await untilAllWell();
  });
});
