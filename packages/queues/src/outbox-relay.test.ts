import { randomUUID } from 'node:crypto';
import { addToOutbox, createDatabase, migrate, readOutboxBacklog, type Database } from '@prosaas/database';
import { type EitherRedis, eitherRedis, poll, testDatabase } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startOutboxRelay, type OutboxRelay } from './outbox-relay.ts';
import { createProducer, type Producer } from './producer.ts';
import { readQueueTotals } from './queue-totals.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const bullPrefix = '{test}';
let server: EitherRedis;
let redis: Redis;
let db: Database;
let producer: Producer;

beforeAll(async () => {
  server = await eitherRedis({ key: bullPrefix });
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
  producer = createProducer({ redis, bullPrefix });
});
afterAll(async () => {
  await producer[Symbol.asyncDispose]();
  await closeRedis(redis);
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await redisReady(redis);
  await server.onEveryNode('FLUSHALL');
  await db.query('delete from outbox');
});

async function write(count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, () => randomUUID());
  await db.transaction(async (tx) => {
    for (const messageId of keys) {
      await addToOutbox(tx, {
        queue: 'inbound-messages',
        key: messageId,
        payload: { messageId, conversationId: randomUUID(), businessId: 'default' },
      });
    }
  });
  return keys;
}

function startRelays(count: number): OutboxRelay[] {
  return Array.from({ length: count }, () => startOutboxRelay({ db, producer, log, everyMs: 50 }));
}

async function empty(): Promise<boolean> {
  return (await readOutboxBacklog(db)).waiting === 0;
}

const enqueued = async (): Promise<number> => (await readQueueTotals(redis, bullPrefix)).enqueued;

test('three relays enqueue each row once, in batches, and leave nothing', async () => {
  await write(700);
  const relays = startRelays(3);
  await poll(empty, { what: 'an empty outbox' });
  await Promise.all(relays.map((relay) => relay[Symbol.asyncDispose]()));
  expect(await enqueued()).toBe(700);
  expect((await readQueueTotals(redis, bullPrefix)).queues['inbound-messages'].waiting).toBe(700);
});

test('a nudge enqueues at once, without waiting for the tick', async () => {
  await using relay = startOutboxRelay({ db, producer, log, everyMs: 3_600_000 });
  await poll(async () => {
    await write(1);
    relay.nudge();
    return poll(empty, { timeoutMs: 2000 });
  });
  expect(await enqueued()).toBeGreaterThan(0);
});

test('what is committed while Redis is away is enqueued once when it is back', async () => {
  const relays = startRelays(2);
  await write(10);
  await poll(empty, { what: 'an empty outbox' });
  await server.stop();
  await write(250);
  await poll(async () => redis.status !== 'ready', { what: 'the connection to break' });
  await write(250);
  expect((await readOutboxBacklog(db)).waiting).toBe(500);
  await server.start();
  await poll(empty, { timeoutMs: 20_000, what: 'an empty outbox' });
  await Promise.all(relays.map((relay) => relay[Symbol.asyncDispose]()));
  expect(await enqueued()).toBe(510);
});

test('a backlog of thousands is enqueued once each, although Redis goes three times in the middle', async () => {
  await write(4000);
  const relays = startRelays(2);
  for (let outage = 1; outage <= 3; outage++) {
    const left = 4000 - outage * 900;
    await poll(async () => (await readOutboxBacklog(db)).waiting <= left, {
      timeoutMs: 30_000,
      everyMs: 1,
      what: `${left} rows to be left`,
    });
    await server.stop();
    await server.start();
  }
  await poll(empty, { timeoutMs: 30_000, what: 'an empty outbox' });
  await Promise.all(relays.map((relay) => relay[Symbol.asyncDispose]()));
  await redisReady(redis);
  expect(await enqueued()).toBe(4000);
  expect((await readQueueTotals(redis, bullPrefix)).queues['inbound-messages'].waiting).toBe(4000);
});

test('a Redis that answers too late does not double what it had taken', async () => {
  await write(100);
  server.freeze();
  const lines: string[] = [];
  const told = createLogger({
    service: 'test',
    instance: 'test',
    level: 'info',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const relay = startOutboxRelay({ db, producer, log: told, everyMs: 50 });
  // Its time limit passes while Redis has the transaction before it, unread.
  await poll(() => lines.some((line) => line.includes('cannot be relayed')), {
    timeoutMs: 30_000,
    what: 'the relay to give up',
  });
  server.thaw();
  await poll(empty, { timeoutMs: 20_000, what: 'an empty outbox' });
  await relay[Symbol.asyncDispose]();
  expect(await enqueued()).toBe(100);
});

test('a row for a queue that this build does not know waits for one that does, and holds up nothing', async () => {
  await db.transaction((tx) => addToOutbox(tx, { queue: 'of-a-newer-build', key: 'k', payload: {} }));
  await write(1);
  const [relay] = startRelays(1);
  await poll(async () => (await readOutboxBacklog(db)).waiting === 1, { what: 'the known row to go' });
  await relay?.[Symbol.asyncDispose]();
  expect(await enqueued()).toBe(1);
});
