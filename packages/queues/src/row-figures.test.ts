import { beforeEach, expect, test } from 'vitest';
import { rowFiguresKey } from './queue-keys.ts';
import { publishRowFigures, readRowFigures } from './row-figures.ts';
import { inbound } from './test-jobs.ts';
import { bullPrefix, onRedis } from './test-redis.ts';

const on = onRedis();
beforeEach(() => on.server.onEveryNode('FLUSHALL'));
const counts = { inserted: 9, closed: 2, failed: 3, open: 4, pending: 1, pending_age_seconds: 2.5, dead: 3 };
const waiting = { conversations: 2, oldest_age_seconds: 3 };

test('figures are read as they were published last, the dead letter over all queues', async () => {
  expect(await readRowFigures(on.redis, bullPrefix)).toBeUndefined();
  await publishRowFigures(on.redis, bullPrefix, {}, waiting);
  expect(await readRowFigures(on.redis, bullPrefix)).toEqual({ dead: 0, queues: {}, waiting });
  await publishRowFigures(on.redis, bullPrefix, { [inbound]: counts, 'outbound-messages': counts }, waiting);
  const queue = { pending: 1, pending_age_seconds: 2.5 };
  expect(await readRowFigures(on.redis, bullPrefix)).toEqual({
    dead: 6,
    queues: { [inbound]: queue, 'outbound-messages': queue },
    waiting,
  });
});

test('figures that nobody renews are gone after 15 s', async () => {
  await publishRowFigures(on.redis, bullPrefix, { [inbound]: counts }, waiting);
  const ttlMs = await on.redis.pttl(rowFiguresKey(bullPrefix));
  expect(ttlMs).toBeGreaterThan(10_000);
  expect(ttlMs).toBeLessThanOrEqual(15_000);
});
