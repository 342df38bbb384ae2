import { closeRedis, createRedis, redisReady } from '@prosaas/runtime';
import { beforeEach, expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { TurnMissed, createPace } from './pace.ts';
import { turnsKey } from './queue-keys.ts';
import { bullPrefix, onRedis, silent } from './test-redis.ts';

const queue = 'outbound-messages';
const never = new AbortController().signal;
const on = onRedis();
beforeEach(() => on.server.onEveryNode('FLUSHALL'));

/** In how many ms the next turn is free, rounded down. */
const freeIn = async (): Promise<number> =>
  Math.floor(Number(await on.redis.get(turnsKey(bullPrefix, queue))) / 1000) - Date.now();

test('turns of all processes lie an interval apart', async () => {
  const rate = { max: 5, perMs: 1000 };
  const paces = [0, 1].map(() => createPace({ redis: on.redis, bullPrefix, queue, rate }));
  const stop = new AbortController();
  const turns = Array.from({ length: 20 }, (_, turn) => paces[turn % 2]!.turn(stop.signal).catch(() => {}));
  await expect.poll(freeIn).toBeGreaterThan(3500);
  expect(await freeIn()).toBeLessThanOrEqual(4000);
  stop.abort();
  await Promise.all(turns);
});

test('the first turn is at once, the second is waited for', async () => {
  const pace = createPace({ redis: on.redis, bullPrefix, queue, rate: { max: 10, perMs: 1000 } });
  const before = performance.now();
  await pace.turn(never);
  expect(await freeIn()).toBeLessThanOrEqual(100);
  await pace.turn(never);
  expect(performance.now() - before).toBeGreaterThan(95);
});

test('who has to end before its turn comes says so', async () => {
  const pace = createPace({ redis: on.redis, bullPrefix, queue, rate: { max: 1, perMs: 10_000 } });
  await expect(pace.turn(AbortSignal.abort())).rejects.toBeInstanceOf(TurnMissed);
  await expect(pace.turn(AbortSignal.timeout(10))).rejects.toBeInstanceOf(TurnMissed);
  await expect(pace.turn(AbortSignal.abort())).rejects.toBeInstanceOf(TurnMissed);
});

test('a clock that was set back holds nobody up', async () => {
  await on.redis.set(turnsKey(bullPrefix, queue), String((Date.now() + 3_600_000) * 1000));
  await createPace({ redis: on.redis, bullPrefix, queue, rate: { max: 1, perMs: 1000 } }).turn(never);
});

test('without a rate it is always somebody’s turn, with one nobody’s while Redis is away', async () => {
  const gone = createRedis({ url: on.server.url, name: 'test', role: 'commands', log: silent });
  await redisReady(gone);
  await closeRedis(gone);
  await createPace({ redis: gone, bullPrefix, queue, rate: undefined }).turn(never);
  const pace = createPace({ redis: gone, bullPrefix, queue, rate: { max: 1, perMs: 1000 } });
  await expect(pace.turn(never)).rejects.toBeInstanceOf(QueuesUnavailable);
});
