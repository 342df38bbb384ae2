import { freePort, testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { ageFromHealth, ageFromRedis } from './heartbeat.ts';

const options = { namespace: 'prosaas', timeoutMs: 5000 };
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

test('reads the age as a user with GET and PING only, and prints nothing', async () => {
  await using server = await testRedis();
  const redis = new Redis(server.url);
  try {
    await redis.call('ACL', 'SETUSER', 'stranger', 'on', 'nopass', '~worker:heartbeat*', '+ping', '+get');
    const printed = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const address = { url: server.url, username: 'stranger', password: 'any' };
    expect(await ageFromRedis(address, options)).toEqual({ answer: null });
    await redis.set('worker:heartbeat', nowSeconds() - 70);
    const age = await ageFromRedis(address, options);
    expect('answer' in age && Math.abs((age.answer ?? 0) - 71) < 5).toBe(true);
    await redis.set('worker:heartbeat', 'soon');
    expect(await ageFromRedis(address, options)).toMatchObject({
      finding: {
        level: 'UNKNOWN',
        text: expect.stringContaining('worker:heartbeat in Redis is not a Unix time'),
      },
    });
    expect(printed).not.toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
    redis.disconnect();
  }
});

test('reads the heartbeat of a namespace', async () => {
  await using server = await testRedis();
  const redis = new Redis(server.url);
  await redis.set('desk:worker:heartbeat', nowSeconds());
  redis.disconnect();
  const age = await ageFromRedis({ url: server.url }, { ...options, namespace: 'desk' });
  expect('answer' in age && age.answer).not.toBeNull();
});

test('reports a refused connection to Redis at once', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  expect(await ageFromRedis({ url }, { ...options, timeoutMs: 600_000 })).toMatchObject({
    finding: { level: 'UNKNOWN', text: expect.stringContaining('ECONNREFUSED') },
  });
});

test('reads the age from the check workers', () => {
  const workers = { name: 'workers', status: 'pass', reason: '' } as const;
  expect(ageFromHealth([{ ...workers, facts: { beat_age_seconds: 3.5 } }])).toBe(3.5);
  expect(ageFromHealth([{ ...workers, facts: { beat_age_seconds: null } }])).toBeNull();
  expect(ageFromHealth([{ ...workers, facts: {} }])).toBeUndefined();
  expect(ageFromHealth([])).toBeUndefined();
});
