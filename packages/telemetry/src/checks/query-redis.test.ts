import { CheckFailure } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { type QueriedRedis, queryRedis } from './query-redis.ts';

const address = 'redis:6379';
const ready: QueriedRedis = { redis: { status: 'ready' }, address };
const never = new AbortController().signal;

async function failureOf(asked: Promise<unknown>): Promise<CheckFailure> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CheckFailure) return error;
  throw new Error('it did not fail');
}

test('what Redis answers is passed on', async () => {
  expect(await queryRedis(async () => 7, { ...ready, signal: never })).toBe(7);
});

test('a connection that is lost is told with its address, not as a matter of the queue of the client', async () => {
  const asked = queryRedis(
    async () => {
      throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
    },
    { redis: { status: 'reconnecting' }, address, signal: never, prefix: 'redis_' },
  );
  expect(await failureOf(asked)).toMatchObject({
    reason: 'redis_refused',
    cause: { message: 'no connection to Redis at redis:6379: reconnecting' },
    detail: { redis: 'redis:6379' },
  });
});

test('a Redis that does not answer is given up with the signal', async () => {
  const controller = new AbortController();
  const asked = queryRedis(() => new Promise(() => undefined), {
    ...ready,
    signal: controller.signal,
    prefix: 'redis_',
  });
  controller.abort(Object.assign(new Error('late'), { name: 'TimeoutError' }));
  expect((await failureOf(asked)).reason).toBe('redis_timeout');
});

test('a Redis that refuses says so', async () => {
  const asked = queryRedis(
    async () => {
      throw new Error('NOPERM this user has no permissions');
    },
    { ...ready, signal: never },
  );
  expect((await failureOf(asked)).reason).toBe('refused');
});
