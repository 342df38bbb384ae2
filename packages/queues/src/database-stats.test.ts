import { beforeEach, expect, test } from 'vitest';
import { databaseStatsKey } from './queue-keys.ts';
import { publishDatabaseStats, readDatabaseStats } from './database-stats.ts';
import { inbound } from './test-jobs.ts';
import { bullPrefix, useRedis } from './test-redis.ts';

const env = useRedis();
beforeEach(() => env.server.onEveryNode('FLUSHALL'));
const counts = { inserted: 9, closed: 2, failed: 3, open: 4, pending: 1, pending_age_seconds: 2.5, dead: 3 };
const waiting = { conversations: 2, oldest_age_seconds: 3 };

test('reads the last published stats, with the dead letter summed over all queues', async () => {
  expect(await readDatabaseStats(env.redis, bullPrefix)).toBeUndefined();
  await publishDatabaseStats(env.redis, bullPrefix, {}, waiting);
  expect(await readDatabaseStats(env.redis, bullPrefix)).toEqual({ dead: 0, queues: {}, waiting });
  await publishDatabaseStats(
    env.redis,
    bullPrefix,
    { [inbound]: counts, 'outbound-messages': counts },
    waiting,
  );
  const queue = { pending: 1, pending_age_seconds: 2.5 };
  expect(await readDatabaseStats(env.redis, bullPrefix)).toEqual({
    dead: 6,
    queues: { [inbound]: queue, 'outbound-messages': queue },
    waiting,
  });
});

test('published stats expire after 15 s', async () => {
  await publishDatabaseStats(env.redis, bullPrefix, { [inbound]: counts }, waiting);
  const ttlMs = await env.redis.pttl(databaseStatsKey(bullPrefix));
  expect(ttlMs).toBeGreaterThan(10_000);
  expect(ttlMs).toBeLessThanOrEqual(15_000);
});
