import { once } from 'node:events';
import type { Agent, AgentStatus } from '@prosaas/agentkit';
import { testRedis } from '@prosaas/devstack';
import { createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { type CheckParts, callsChecks } from './checks.ts';

const never = new AbortController().signal;
const unasked = { redis: {}, database: {} } as Pick<CheckParts, 'redis' | 'database'>;

test.each([
  [{ state: 'warm', fallback: false }, undefined],
  [
    { state: 'warm', fallback: true },
    { status: 'warn', reason: 'model_fallback' },
  ],
  [
    { state: 'loading', fallback: true },
    { status: 'warn', reason: 'loading' },
  ],
] as const)('an agent that says %o is shown as %o, in the words of the api', async (status, shown) => {
  expect(await agentShown(status, [])).toEqual(shown);
});

test('an invalid profile is a warning, whose details name the faults', async () => {
  expect(await agentShown({ state: 'warm', fallback: true }, ['mine.yaml:1: name: lacks'])).toEqual({
    status: 'warn',
    reason: 'profile_faulty',
    facts: { profile_faults: 1 },
    detail: { problems: ['mine.yaml:1: name: lacks'] },
  });
});

async function agentShown(status: Omit<AgentStatus, 'source'>, problems: string[]): Promise<unknown> {
  const agent: Partial<Agent> = { status: () => ({ ...status, source: 'profile' }) };
  const profile = { status: () => ({ loadedAt: new Date(), problems }) };
  const checks = callsChecks({ agent, profile, ...unasked } as CheckParts);
  return checks.find(({ name }) => name === 'agent')?.run(never);
}

test('shows publicly why the model is not used, and what it did only in the details', async () => {
  const model = {
    resting: 'unauthorized',
    calls: 0,
    failures: {},
    lastMs: undefined,
    tokens: { prompt: 0, completion: 0 },
  } as const;
  const agent: Partial<Agent> = {
    status: () => ({ state: 'warm', fallback: true, source: 'profile', model }),
  };
  const profile = { status: () => ({ loadedAt: new Date(), problems: [] }) };
  const check = callsChecks({ agent, profile, ...unasked } as unknown as CheckParts).find(
    ({ name }) => name === 'agent',
  );
  expect(await check?.run(never)).toMatchObject({
    status: 'warn',
    reason: 'model_fallback',
    facts: { model_failures: ['unauthorized'] },
    detail: { model: { calls: 0, failed: 0, last_ms: null } },
  });
});

test('fails until the connection that serves calls is back, even if Redis answers the probe', async () => {
  await using server = await testRedis();
  const log = createLogger({ service: 'calls', instance: 'test', level: 'silent' });
  const open = (name: string): ReturnType<typeof createRedis> =>
    createRedis({ url: server.url, name, role: 'commands', log });
  const [redis, serving] = [open('probe'), open('calls')];
  try {
    await Promise.all([redisReady(redis), redisReady(serving)]);
    const parts: Partial<CheckParts> = {
      ...unasked,
      redis: { redis, address: 'redis:6379', key: '{prosaas}:stack' },
      serving,
      slotsKey: '{prosaas}:calls',
    };
    const [check] = callsChecks(parts as CheckParts);
    expect(check?.name).toBe('redis');
    expect(await check?.run(never)).toMatchObject({ facts: { active_calls: 0 } });
    const away = once(serving, 'end');
    serving.disconnect();
    await away;
    await expect(check?.run(never)).rejects.toMatchObject({ reason: 'not_ready' });
    await serving.connect();
    expect(await check?.run(never)).toMatchObject({ facts: { active_calls: 0 } });
    await redis.config('SET', 'maxmemory', '1mb');
    await expect(check?.run(never)).rejects.toMatchObject({ reason: 'out_of_memory' });
  } finally {
    redis.disconnect();
    serving.disconnect();
  }
});
