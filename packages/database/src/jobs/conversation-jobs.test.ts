import { expect, test } from 'vitest';
import { listHeadJobs, orderKeys } from './conversation-jobs.ts';
import { failJobs, recordFailedAttempt } from './job-failure-repository.ts';
import { completeJobs, findJob } from './job-repository.ts';
import { add, job, jobOf, onDatabase, receive, reply } from '../test-support.ts';

const on = onDatabase();
const later = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

test('lists the released job of each order key of a conversation, with its last failure', async () => {
  const message = await receive(on.db);
  const answer = await reply(on.db, message);
  const { conversation_id: conversation } = message;
  expect(await listHeadJobs(on.db, conversation)).toEqual([]);
  const first = await add(on.db, jobOf(message));
  await add(on.db, jobOf(await receive(on.db)));
  const out = await add(
    on.db,
    jobOf(answer, { queue: 'outbound-messages', orderKey: orderKeys.outbound(conversation) }),
  );
  await add(on.db, jobOf(await receive(on.db, '2@s.whatsapp.net')));
  const failed = { attempt: 1, error: 'X: no', failed_at: 'now', ran_ms: 1, worker: 'w' };
  await recordFailedAttempt(on.db, first.released!, failed);
  expect(await listHeadJobs(on.db, conversation)).toEqual([
    {
      id: first.id,
      release: 1,
      queue: 'inbound-messages',
      message_id: message.id,
      attempts: 1,
      worker_deaths: 0,
      child_deaths: 0,
      is_released: true,
      is_delayed: false,
      run_at: expect.any(Date),
      last_failure: failed,
      created_at: expect.any(Date),
      jobs: 2,
    },
    expect.objectContaining({ id: out.id, queue: 'outbound-messages', last_failure: null, jobs: 1 }),
  ]);
});

test('without a released job, lists the oldest due job, else the delayed job that is due first', async () => {
  const message = await receive(on.db);
  const key = orderKeys.inbound(message.conversation_id);
  const head = async (): Promise<unknown> => {
    const [first] = await listHeadJobs(on.db, message.conversation_id);
    return first && [first.id, first.is_released, first.is_delayed, first.jobs];
  };
  const latest = await add(on.db, job(key, { runAt: later(20) }));
  const soon = await add(on.db, job(key, { runAt: later(10) }));
  expect(await head()).toEqual([soon.id, false, true, 0]);
  const released = await add(on.db, job(key));
  const pending = await add(on.db, job(key));
  expect(await head()).toEqual([released.id, true, false, 2]);
  await on.db.query('update jobs set enqueued_at = null where id = $1', [released.id]);
  expect(await head()).toEqual([released.id, false, false, 2]);
  await on.db.query('delete from jobs where id = any($1::bigint[])', [[released.id, pending.id, soon.id]]);
  expect(await head()).toEqual([latest.id, false, true, 0]);
  await on.db.transaction((tx) => failJobs(tx, [{ id: latest.id, release: 0 }], 'X'));
  expect(await head()).toBeUndefined();
});

test('counts at most a thousand jobs of an order key', async () => {
  const message = await receive(on.db);
  await on.db.query(
    `insert into jobs (queue, order_key, payload) select 'q', $1, '{}' from generate_series(1, 1100)`,
    [orderKeys.inbound(message.conversation_id)],
  );
  expect(await listHeadJobs(on.db, message.conversation_id)).toMatchObject([{ jobs: 1000 }]);
});

test('finds open and failed jobs by id, but not completed ones', async () => {
  const one = await add(on.db, job('a'));
  const two = await add(on.db, job('a'));
  const queue = 'inbound-messages';
  const open = { queue, failure: null };
  expect(await findJob(on.db, one.id)).toMatchObject({ ...open, id: one.id, release: 1, is_released: true });
  expect(await findJob(on.db, two.id)).toMatchObject({ ...open, id: two.id, release: 0, is_released: false });
  await on.db.transaction((tx) => completeJobs(tx, [one.released!]));
  expect(await findJob(on.db, one.id)).toBeUndefined();
  await on.db.transaction((tx) => failJobs(tx, [{ id: two.id, release: 1 }], 'X'));
  expect(await findJob(on.db, two.id)).toMatchObject({ failure: 'X', is_released: false });
});
