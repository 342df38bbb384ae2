import { type Database, addJob } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { createRelay } from './relay.ts';
import { startReleaser } from './releaser.ts';
import { inbound, useJobs, openQueue, receive } from './test-jobs.ts';
import { bullPrefix, silent } from './test-redis.ts';

const env = useJobs();
const relayOf = (): ReturnType<typeof createRelay> =>
  createRelay({ redis: env.redis, bullPrefix, log: silent });

test('pending jobs reach BullMQ at once, delayed ones when they are due', async () => {
  const { id } = await receive(env.db);
  await env.db.query('update jobs set enqueued_at = null where id = $1', [id]);
  const runAt = new Date(Date.now() + 600_000);
  await addJob(env.db, { queue: inbound, orderKey: 'later', payload: {}, runAt });
  await using queue = openQueue(env);
  await using relay = relayOf();
  await using _ = startReleaser({ db: env.db, relay, log: silent, everyMs: 20 });
  await poll(() => queue.getJob(`${id}-2`), { what: 'the job that was left' });
  expect(await queue.getWaitingCount()).toBe(1);
  await env.db.query("update jobs set run_at = now() where order_key = 'later'");
  await poll(async () => (await queue.getWaitingCount()) === 2, { what: 'the job that is due' });
});

test('releases more jobs than fit in one batch without a pause', async () => {
  await env.db.query(
    `insert into jobs (queue, order_key, payload) select $1, 'k' || n, '{}' from generate_series(1, 1200) as n`,
    [inbound],
  );
  await using queue = openQueue(env);
  await using relay = relayOf();
  await using _ = startReleaser({ db: env.db, relay, log: silent, everyMs: 600_000 });
  await poll(async () => (await queue.getWaitingCount()) === 1200, { what: 'all to be released' });
});

test('waits out an outage of PostgreSQL', async () => {
  const { id } = await receive(env.db);
  await env.db.query('update jobs set enqueued_at = null where id = $1', [id]);
  let failures = 0;
  const db: Database = {
    ...env.db,
    transaction: async (run) => {
      if (failures === 2) return env.db.transaction(run);
      failures += 1;
      throw new Error('PostgreSQL is away');
    },
  };
  await using queue = openQueue(env);
  await using relay = relayOf();
  await using _ = startReleaser({ db, relay, log: silent, everyMs: 600_000 });
  await poll(() => queue.getJob(`${id}-2`), { what: 'the job that was left' });
  expect(failures).toBe(2);
});

test('closes at once, however far off its next pass is', async () => {
  await using relay = relayOf();
  let passes = 0;
  const db: Database = {
    ...env.db,
    transaction: (run) => {
      passes += 1;
      return env.db.transaction(run);
    },
  };
  const releaser = startReleaser({ db, relay, log: silent, everyMs: 600_000 });
  await poll(() => passes === 1, { what: 'the first pass' });
  await releaser[Symbol.asyncDispose]();
  expect(passes).toBe(1);
});
