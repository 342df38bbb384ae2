import { findMessageById, recordFailedAttempt } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { DelayedError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, receive, startTestApi } from './support.ts';

let api: TestApi;
let redis: Redis;
let conversationId: string;

beforeEach(async () => {
  api = await startTestApi();
  const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
  redis = createRedis({ url: api.redis.url, name: 'test', role: 'blocking', log });
  await redisReady(redis);
  const received = await receive(api.db);
  ({ conversationId } = received);
  await api.db.query('delete from jobs where id = $1', [received.jobId]);
});
afterEach(async () => {
  await closeRedis(redis);
  await api[Symbol.asyncDispose]();
});

interface Head {
  id: string;
  state: string;
  next_try: string | null;
  behind: number;
}

const post = (path: string, body?: object, key = adminKey): Promise<Response> =>
  fetch(api.url + path, {
    method: 'POST',
    headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });

async function write(text: string): Promise<string> {
  const answer = await post('/api/messages', { conversation_id: conversationId, text }, apiKey);
  return ((await answer.json()) as { id: string }).id;
}

const heads = async (): Promise<Head[]> =>
  (await api.list(`/api/conversations/${conversationId}/jobs`)).items as unknown as Head[];

const untilState = (state: string): Promise<Head> =>
  poll(
    async () => {
      const [head] = await heads();
      return head?.state === state && head;
    },
    { what: state },
  );

const skip = (id: string, reason = 'the customer called'): Promise<Response> =>
  post(`/api/jobs/${id}/skip`, { reason });

/** A worker that passes each job to `work`, which may postpone it by `later`. */
function takeJobs(
  work: (job: { id: string; later: () => Promise<never> }) => Promise<void>,
): AsyncDisposable {
  const worker = new Worker(
    'outbound-messages',
    (job, token) =>
      work({
        id: String(job.id).split('-')[0]!,
        later: async () => {
          await job.moveToDelayed(Date.now() + 60_000, token);
          throw new DelayedError();
        },
      }),
    { connection: redis, prefix: keyspace('prosaas').bullPrefix },
  );
  return { [Symbol.asyncDispose]: () => worker.close() };
}

test('a written message reaches BullMQ at once, and its chat shows its job and how many wait behind it', async () => {
  expect(await heads()).toEqual([]);
  const id = await write('one');
  await write('two');
  expect(await untilState('waiting')).toEqual({
    id: expect.stringMatching(/^\d+$/),
    queue: 'outbound-messages',
    message_id: id,
    state: 'waiting',
    reason: 'It waits for a free slot of a worker.',
    attempts: 0,
    most_attempts: 8,
    next_try: null,
    last_error: null,
    behind: 1,
    created_at: expect.any(String),
  });
  expect((await post('/api/queues/outbound-messages/pause')).status).toBe(204);
  await untilState('paused');
});

test('shows the error of a failed attempt and the time of the next', async () => {
  await write('one');
  const before = Date.now();
  await using worker = takeJobs(async ({ id, later }) => {
    const failed = {
      attempt: 1,
      error: 'SEND_FAILED: away',
      failed_at: new Date().toISOString(),
      ran_ms: 1,
      worker: 'w',
    };
    await recordFailedAttempt(api.db, { id, release: 1 }, failed);
    await later();
  });
  await untilState('retrying');
  await worker[Symbol.asyncDispose]();
  // PostgreSQL is read before BullMQ: the first response may have the attempt from only one of them.
  const head = await untilState('retrying');
  expect(head).toMatchObject({ attempts: 1, last_error: 'SEND_FAILED: away' });
  const dueIn = Date.parse(head.next_try!) - before;
  expect(dueIn).toBeGreaterThan(59_000);
  expect(dueIn).toBeLessThan(120_000);
});

test('does not skip a running job; skips a waiting one to the dead letter and releases the next', async () => {
  const first = await write('one');
  const second = await write('two');
  const release = Promise.withResolvers<void>();
  const worker = takeJobs(async ({ later }) => {
    await release.promise;
    await later();
  });
  const { id } = await untilState('running');
  const refused = await skip(id);
  expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'JOB_RUNNING' }]);
  release.resolve();
  await untilState('retrying');
  await worker[Symbol.asyncDispose]();

  expect((await skip(id)).status).toBe(204);
  expect(await findMessageById(api.db, first)).toMatchObject({
    status: 'failed',
    error: 'SKIPPED: the customer called',
  });
  expect(await api.json(`/api/jobs/dead-letter/${id}`)).toMatchObject({
    message_id: first,
    reason: 'SKIPPED: the customer called',
  });
  expect(await untilState('waiting')).toMatchObject({ message_id: second, behind: 0 });
  expect((await skip(id)).status).toBe(404);
  await poll(
    async () => {
      const { items } = await api.list('/api/audit', adminKey);
      return items.some(({ action, target }) => action === 'POST /api/jobs/:id/skip' && target === id);
    },
    { what: 'the line in the audit log' },
  );
});

test('shows the job of a chat while Redis is away', async () => {
  await write('one');
  await untilState('waiting');
  await api.redis.stop();
  await untilState('unknown');
});

test.each([
  ['a business key', '1', { reason: 'x' }, apiKey, 403],
  ['an unknown job', '7', { reason: 'x' }, adminKey, 404],
  ["a job's id in BullMQ", '7-1', { reason: 'x' }, adminKey, 404],
  ['no reason', '7', {}, adminKey, 400],
  ['an empty reason', '7', { reason: ' ' }, adminKey, 400],
])('refuses a skip with %s', async (_what, id, body, key, status) => {
  expect((await post(`/api/jobs/${id}/skip`, body, key)).status).toBe(status);
});

test('responds with 404 for chats of other businesses and unknown chats', async () => {
  await api.db.query("insert into businesses (id, name) values ('other', 'Other')");
  const { conversationId: otherId } = await receive(api.db, { businessId: 'other' });
  for (const id of [otherId, 'x', crypto.randomUUID()]) {
    expect((await api.get(`/api/conversations/${id}/jobs`)).status).toBe(404);
  }
  expect((await api.list(`/api/conversations/${otherId}/jobs`, adminKey)).items).toMatchObject([
    { state: 'lost', queue: 'inbound-messages' },
  ]);
});
