import { randomUUID } from 'node:crypto';
import { type EitherRedis, eitherRedis, poll } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDeadLetterMover, type DeadLetterMover, type KeptLetter } from './dead-letter.ts';
import { type DeadLetters, openDeadLetters } from './dead-letters.ts';
import { createProducer } from './producer.ts';
import { openQueueControl } from './queue-control.ts';
import { queueKey } from './queue-keys.ts';
import { readQueueTotals } from './queue-totals.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const bullPrefix = '{test}';
const failedSet = queueKey(bullPrefix, 'inbound-messages', 'failed');
let server: EitherRedis;
let redis: Redis;
let letters: DeadLetters;

beforeAll(async () => {
  server = await eitherRedis({ key: bullPrefix });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
  await redisReady(redis);
  await server.onEveryNode('FLUSHALL');
  letters = openDeadLetters({ redis, bullPrefix });
});
afterEach(async () => {
  await letters[Symbol.asyncDispose]();
  await closeRedis(redis);
});

/** Jobs of these keys fail for good, later than any before. */
async function fail(...keys: string[]): Promise<void> {
  await using producer = createProducer({ redis, bullPrefix });
  await using control = openQueueControl({ redis, bullPrefix });
  const payload = { messageId: randomUUID(), conversationId: randomUUID(), businessId: 'default' };
  for (const key of keys) await producer.enqueue('inbound-messages', { key, payload });
  const before = Date.now();
  await poll(() => Date.now() > before, { what: 'the clock to go on' });
  await control.drain('inbound-messages');
}

const mover = (onDead: (letter: KeptLetter) => Promise<void> = async () => {}): DeadLetterMover =>
  createDeadLetterMover({ redis, bullPrefix, onDead });

/** What else happens while a sweep is at a job. */
async function overtake(between: (letter: KeptLetter) => Promise<void>): Promise<number> {
  await using fast = mover();
  await using slow = mover(async (letter) => {
    expect(await fast.sweep()).toBe(1);
    await letters.drop([letter.id]);
    await between(letter);
  });
  return slow.sweep();
}

const kept = async (): Promise<string[]> => (await letters.select({}, 10)).letters.map(({ id }) => id);
const moved = async (): Promise<number> => (await readQueueTotals(redis, bullPrefix)).deadLetter;

test('a letter that was purged does not come back by a sweep that came late', async () => {
  await fail('a');
  expect(await overtake(async () => {})).toBe(0);
  expect(await kept()).toEqual([]);
  expect(await moved()).toBe(1);
});

test('a sweep that comes late leaves the job alone that failed anew under the same key', async () => {
  await fail('a');
  expect(await overtake(() => fail('a'))).toBe(0);
  expect(await kept()).toEqual([]);
  expect(await moved()).toBe(1);
  const failedAgain = await redis.zscore(failedSet, 'a');
  expect(failedAgain).not.toBeNull();

  await using another = mover();
  expect(await another.sweep()).toBe(1);
  expect(await kept()).toEqual([`inbound-messages.a.${failedAgain}`]);
  expect(await moved()).toBe(2);
});

test('what is no letter is not dropped', async () => {
  await fail('a');
  await using one = mover();
  await one.sweep();
  const own = ['meta', 'wait', 'events'];
  await letters.drop([...own, 'unknown']);
  expect(await redis.exists(own.map((name) => queueKey(bullPrefix, 'dead-letter', name)))).toBe(own.length);
  expect(await kept()).toHaveLength(1);
});

test('a job whose letter is there already leaves the failed set all the same', async () => {
  await fail('a', 'b');
  const dead = new Queue('dead-letter', { connection: redis, prefix: bullPrefix });
  const jobId = `inbound-messages.a.${await redis.zscore(failedSet, 'a')}`;
  await dead.add('inbound-messages', { failed_at: new Date().toISOString() }, { jobId });
  await dead.close();
  await using again = mover();
  expect(await again.sweep()).toBe(2);
  expect(await kept()).toHaveLength(2);
  expect(await redis.zcard(failedSet)).toBe(0);
});
