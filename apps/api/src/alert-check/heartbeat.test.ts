import { freePort, testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { ageFromHealth, ageFromRedis } from './heartbeat.ts';

const asked = { namespace: 'prosaas', timeoutMs: 5000 };
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

test('the age is read by a user who may do nothing else, without a word on the console', async () => {
  await using server = await testRedis();
  const redis = new Redis(server.url);
  try {
    await redis.call('ACL', 'SETUSER', 'stranger', 'on', 'nopass', '~worker:heartbeat*', '+ping', '+get');
    const printed = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const address = { url: server.url, username: 'stranger', password: 'any' };
    expect(await ageFromRedis(address, asked)).toEqual({ answer: null });
    await redis.set('worker:heartbeat', nowSeconds() - 70);
    const age = await ageFromRedis(address, asked);
    expect('answer' in age && Math.abs((age.answer ?? 0) - 71) < 5).toBe(true);
    await redis.set('worker:heartbeat', 'soon');
    expect(await ageFromRedis(address, asked)).toMatchObject({
      finding: {
        level: 'UNKNOWN',
        text: expect.stringContaining('worker:heartbeat in Redis is no Unix time'),
      },
    });
    expect(printed).not.toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
    redis.disconnect();
  }
});

test('a namespace has a heartbeat of its own', async () => {
  await using server = await testRedis();
  const redis = new Redis(server.url);
  await redis.set('desk:worker:heartbeat', nowSeconds());
  redis.disconnect();
  const age = await ageFromRedis({ url: server.url }, { ...asked, namespace: 'desk' });
  expect('answer' in age && age.answer).not.toBeNull();
});

test('a Redis that is not there is told at once', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  expect(await ageFromRedis({ url }, { ...asked, timeoutMs: 600_000 })).toMatchObject({
    finding: { level: 'UNKNOWN', text: expect.stringContaining('ECONNREFUSED') },
  });
});

test('health tells the age where it has looked at workers', () => {
  const workers = { name: 'workers', status: 'pass', reason: '' } as const;
  expect(ageFromHealth([{ ...workers, facts: { beat_age_seconds: 3.5 } }])).toBe(3.5);
  expect(ageFromHealth([{ ...workers, facts: { beat_age_seconds: null } }])).toBeNull();
  expect(ageFromHealth([{ ...workers, facts: {} }])).toBeUndefined();
  expect(ageFromHealth([])).toBeUndefined();
});
