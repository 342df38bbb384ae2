import { CheckFailure } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { type QueriedRedis, queryRedis } from './query-redis.ts';

const address = 'redis:6379';
const ready: QueriedRedis = { redis: { status: 'ready' }, address };
const never = new AbortController().signal;

async function failureOf(result: Promise<unknown>): Promise<CheckFailure> {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CheckFailure) return error;
  throw new Error('it did not fail');
}

test('returns the reply of Redis', async () => {
  expect(await queryRedis(async () => 7, { ...ready, signal: never })).toBe(7);
});

test("a lost connection is reported with its address, not as an error of the client's queue", async () => {
  const result = queryRedis(
    async () => {
      throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
    },
    { redis: { status: 'reconnecting' }, address, signal: never, prefix: 'redis_' },
  );
  expect(await failureOf(result)).toMatchObject({
    reason: 'redis_refused',
    cause: { message: 'no connection to Redis at redis:6379: reconnecting' },
    detail: { redis: 'redis:6379' },
  });
});

test('gives up when the signal aborts', async () => {
  const controller = new AbortController();
  const result = queryRedis(() => new Promise(() => undefined), {
    ...ready,
    signal: controller.signal,
    prefix: 'redis_',
  });
  controller.abort(Object.assign(new Error('late'), { name: 'TimeoutError' }));
  expect((await failureOf(result)).reason).toBe('redis_timeout');
});

test('a refused command has the reason refused', async () => {
  const result = queryRedis(
    async () => {
      throw new Error('NOPERM this user has no permissions');
    },
    { ...ready, signal: never },
  );
  expect((await failureOf(result)).reason).toBe('refused');
});
