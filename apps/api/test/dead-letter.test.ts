import { findMessageById } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestApi, adminKey, receive, receiveFailing, startTestApi, walk } from './support.ts';

let api: TestApi;

beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api[Symbol.asyncDispose]());

/**
 * Adds messages of one contact whose jobs failed for good, that of the latest message first. Returns the jobs' ids in the order of the
 * messages.
 */
async function addDeadJobs(count: number): Promise<string[]> {
  const { conversationId, jobId } = await receive(api.db);
  await api.db.query('delete from jobs where id = $1', [jobId]);
  const rows = await api.db.query<{ id: string }>(
    `with failed as (
       insert into messages (business_id, conversation_id, session_id, direction, status, text, external_id)
       select 'default', $1, 'session-default', 'inbound', 'failed', 'Hello', n::text from generate_series(1, $2::int) as n
       returning id, seq)
     insert into jobs (queue, order_key, business_id, message_id, payload, release, failed_at, failure)
     select 'inbound-messages', 'in:' || $1, 'default', id, jsonb_build_object('messageId', id), 1,
       now() - make_interval(secs => seq), 'A: 1' from failed order by seq
     returning id::text as id`,
    [conversationId, count],
  );
  return rows.map(({ id }) => id);
}

const list = (query = ''): Promise<Record<string, unknown>[]> =>
  walk(api, `/api/jobs/dead-letter${query}`, adminKey);

async function send(
  method: string,
  path: string,
  body?: object,
  key = adminKey,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${api.url}/api/jobs/dead-letter${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

const openJobs = (): Promise<{ id: string; after: number; is_released: boolean }[]> =>
  api.db.query(
    `select id::text as id, (1000 * extract(epoch from run_at - min(run_at) over ()))::int as after,
       enqueued_at is not null as is_released
     from jobs where failed_at is null order by jobs.id`,
  );

test('lists failed jobs newest first, in pages, with filters', async () => {
  const messages = await receiveFailing(api.db, [
    'SEND_REFUSED: no such chat',
    'TIMEOUT: too late',
    'SEND_REFUSED: blocked',
  ]);
  const jobs = await list('?limit=1');
  expect(jobs.map(({ id }) => id)).toEqual(messages.map(({ jobId }) => jobId).toReversed());
  expect(jobs[0]).toMatchObject({
    queue: 'inbound-messages',
    business_id: 'default',
    message_id: messages[2]!.id,
    reason: 'SEND_REFUSED: blocked',
    attempts: 0,
    replays: 0,
  });
  expect(await list('?contains=send_refused')).toHaveLength(2);
  expect(await list('?queue=outbound-messages')).toEqual([]);
  expect(await list('?business=other')).toEqual([]);
  expect(await list(`?failed_after=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
  expect(await list(`?failed_before=${new Date(Date.now() + 60_000).toISOString()}`)).toHaveLength(3);
  expect(await walk(api, '/api/jobs/dead-letter')).toHaveLength(3);
  const { id } = jobs[0] as { id: string };
  expect(await api.json(`/api/jobs/dead-letter/${id}`)).toEqual(jobs[0]);
});

test('lists each of several jobs that failed at the same time on one page', async () => {
  const ids = await addDeadJobs(5);
  await api.db.query('update jobs set failed_at = now()');
  expect((await list('?limit=2')).map(({ id }) => id)).toEqual(ids.toReversed());
});

test('shows an API key only the jobs of its business', async () => {
  const [own] = await receiveFailing(api.db, ['A: 1']);
  await api.db.query("insert into businesses (id, name) values ('other', 'Other')");
  const foreign = await receive(api.db, { businessId: 'other' });
  await api.db.query(
    "update jobs set failed_at = now(), enqueued_at = null, failure = 'B: 2' where id = $1",
    [foreign.jobId],
  );
  expect((await walk(api, '/api/jobs/dead-letter')).map(({ id }) => id)).toEqual([own!.jobId]);
  expect((await api.get(`/api/jobs/dead-letter/${foreign.jobId}`)).status).toBe(404);
  expect(await list()).toHaveLength(2);
  expect((await list('?business=other')).map(({ id }) => id)).toEqual([foreign.jobId]);
});

test('replays a job once for several requests and hands it to BullMQ', async () => {
  const [message] = await receiveFailing(api.db, ['SEND_REFUSED: no such chat']);
  const { id, jobId } = message!;
  expect((await findMessageById(api.db, id))?.status).toBe('failed');
  const answers = await Promise.all([1, 2, 3].map(() => send('POST', `/${jobId}/replay`)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202)).toHaveLength(1);
  expect(statuses.filter((status) => status === 404 || status === 409)).toHaveLength(2);
  expect((await findMessageById(api.db, id))?.status).toBe('received');
  expect(await list()).toEqual([]);
  const job = await poll(
    async () => {
      const found = await api.get(`/api/jobs/inbound-messages/${jobId}-3`);
      return found.ok && ((await found.json()) as Record<string, unknown>);
    },
    { what: 'the job to be with BullMQ' },
  );
  expect(job).toMatchObject({ state: 'waiting', payload: { messageId: id } });
});

test('replays jobs by a filter and at a rate, and names those that cannot be replayed', async () => {
  const messages = await receiveFailing(api.db, ['A: 1', 'A: 2', 'A: 3', 'B: 4']);
  const [one, two, three, four] = messages.map(({ jobId }) => jobId);
  await api.db.query("update messages set status = 'answered' where id = $1", [messages[1]!.id]);
  const answer = await send('POST', '/replay', { contains: 'A:', rate_per_second: 1 });
  expect(answer).toMatchObject({
    status: 200,
    body: { matched: 3, replayed: 2, refused: [{ id: two, code: 'NOT_REPLAYABLE' }] },
  });
  expect(await openJobs()).toEqual([
    { id: one, after: 0, is_released: true },
    { id: three, after: 2000, is_released: false },
  ]);
  expect(new Set((await list()).map(({ id }) => id))).toEqual(new Set([four, two]));
});

test('replays hundreds of jobs in the order of their messages, not of their failures', async () => {
  const ids = await addDeadJobs(450);
  expect((await send('POST', '/replay', { limit: 1000, rate_per_second: 1000 })).body).toMatchObject({
    matched: 450,
    replayed: 450,
  });
  const rows = await openJobs();
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect(rows.every(({ after }, nth) => after >= nth)).toBe(true);
  expect(rows.map(({ after }) => after)).toEqual(rows.map(({ after }) => after).toSorted((a, b) => a - b));
  expect(rows.filter(({ is_released: is }) => is).map(({ id }) => id)).toEqual(ids.slice(0, 1));
});

test('replays each job in one of two concurrent requests and refuses it in the other', async () => {
  await addDeadJobs(450);
  const answers = await Promise.all([1, 2].map(() => send('POST', '/replay', { limit: 1000 })));
  const bodies = answers.map(({ body }) => body as { replayed: number; refused: { code: string }[] });
  expect(bodies.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(450);
  const codes = new Set(bodies.flatMap(({ refused }) => refused.map(({ code }) => code)));
  expect([...codes].filter((code) => code !== 'ALREADY_REPLAYED')).toEqual([]);
  expect(await openJobs()).toHaveLength(450);
});

test('keeps the jobs that were replayed before an outage', async () => {
  const ids = await addDeadJobs(450);
  const [row] = await api.db.query<{ message_id: string }>('select message_id from jobs where id = $1', [
    ids[250],
  ]);
  await api.db.query(
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no disk'; end $$;
     create trigger fail before update on messages for each row when (new.id = '${row!.message_id}') execute function fail()`,
  );
  expect((await send('POST', '/replay', {})).status).toBe(503);
  expect((await openJobs()).map(({ id }) => id)).toEqual(ids.slice(0, 200));
  expect(await list()).toHaveLength(250);
  await api.db.query('drop trigger fail on messages');
  expect((await send('POST', '/replay', {})).body).toEqual({ matched: 250, replayed: 250, refused: [] });
});

test('purges jobs by id and by a filter, and keeps the counts of the queue', async () => {
  const messages = await receiveFailing(api.db, ['A: 1', 'A: 2', 'B: 3']);
  const id = messages[2]!.jobId;
  expect(await send('DELETE', `/${id}`)).toMatchObject({ status: 204 });
  expect(await send('DELETE', `/${id}`)).toMatchObject({ status: 404 });
  expect((await send('POST', '/purge', { contains: 'A', limit: 1 })).body).toEqual({ matched: 2, purged: 1 });
  expect(await list()).toHaveLength(1);
  expect((await findMessageById(api.db, messages[2]!.id))?.status).toBe('failed');
  const queues = await api.json('/api/queues', adminKey);
  expect(queues).toMatchObject({ dead_letter_depth: 1 });
  expect((queues['items'] as object[])[0]).toMatchObject({
    name: 'inbound-messages',
    rows: { inserted: 3, closed: 0, failed: 3, open: 0 },
  });
});

test('does not show, replay or purge a job that has not failed', async () => {
  const { jobId } = await receive(api.db);
  expect(await send('GET', `/${jobId}`)).toMatchObject({ status: 404 });
  expect(await send('POST', `/${jobId}/replay`)).toMatchObject({ status: 404 });
  expect(await send('DELETE', `/${jobId}`)).toMatchObject({ status: 404 });
  expect((await send('POST', '/purge', {})).body).toEqual({ matched: 0, purged: 0 });
  expect(await openJobs()).toHaveLength(1);
});

test.each<[string, string, string, object | undefined, number, string]>([
  ['an unknown job', 'POST', '/7/replay', undefined, 404, 'JOB_NOT_FOUND'],
  ['an invalid id', 'POST', '/inbound-messages.x.1/replay', undefined, 404, 'JOB_NOT_FOUND'],
  ['an id out of range', 'DELETE', '/99999999999999999999', undefined, 404, 'JOB_NOT_FOUND'],
  ['an unknown queue', 'POST', '/replay', { queue: 'nothing' }, 400, 'VALIDATION_FAILED'],
  ['an invalid rate', 'POST', '/replay', { rate_per_second: 0 }, 400, 'VALIDATION_FAILED'],
  ['an invalid time', 'POST', '/purge', { failed_before: 'yesterday' }, 400, 'VALIDATION_FAILED'],
  ['an unknown field', 'POST', '/purge', { all: true }, 400, 'VALIDATION_FAILED'],
])('refuses %s', async (_what, method, path, body, status, code) => {
  expect(await send(method, path, body)).toMatchObject({ status, body: { code } });
});

test('a filter that matches more than 1,000 jobs needs a limit', async () => {
  await addDeadJobs(1001);
  for (const path of ['/replay', '/purge']) {
    expect(await send('POST', path, {})).toMatchObject({ status: 422, body: { code: 'FILTER_TOO_BROAD' } });
  }
  expect(await send('POST', '/purge', { limit: 1000 })).toMatchObject({
    body: { matched: 1001, purged: 1000 },
  });
  expect(await list()).toHaveLength(1);
});

interface Reasons {
  items: { code: string; count: number; oldest: string; newest: string; example_id: string }[];
  left_off: number;
}

test('groups failures by the code of their reason, the most frequent first', async () => {
  const messages = await receiveFailing(api.db, [
    'SEND_REFUSED: no such chat',
    'TIMEOUT: too late',
    'SEND_REFUSED: blocked: for good',
    'a text without one',
  ]);
  await api.db.query("insert into businesses (id, name) values ('other', 'Other')");
  const foreign = await receive(api.db, { businessId: 'other' });
  await api.db.query(
    "update jobs set failed_at = now(), enqueued_at = null, failure = 'TIMEOUT: 2' where id = $1",
    [foreign.jobId],
  );
  const reasons = async (query = '', key?: string): Promise<Reasons> =>
    (await api.json(`/api/jobs/dead-letter/reasons${query}`, key)) as unknown as Reasons;
  const own = await reasons();
  expect(own).toMatchObject({
    items: [
      {
        code: 'SEND_REFUSED',
        count: 2,
        example_id: messages[2]!.jobId,
        example_reason: 'SEND_REFUSED: blocked: for good',
      },
      { code: 'TIMEOUT', count: 1 },
      { code: 'a text without one', count: 1 },
    ],
    left_off: 0,
  });
  expect((await reasons('', adminKey)).items).toMatchObject([{ count: 2 }, { count: 2 }, { count: 1 }]);
  expect((await reasons('?code=TIMEOUT')).items).toMatchObject([{ code: 'TIMEOUT', count: 1 }]);
  expect((await api.get('/api/jobs/dead-letter/reasons?business=other')).status).toBe(403);
  expect(await list('?code=SEND_REFUSED')).toHaveLength(2);
  expect(await list('?code=SEND')).toEqual([]);
});

test('lists the 50 most frequent reasons', async () => {
  await addDeadJobs(120);
  // Five reasons with twelve jobs each, and sixty with one.
  await api.db.query(
    "update jobs set failure = 'C' || case when id % 2 = 0 then id % 10 else id end || ': text'",
  );
  const { items, left_off: leftOff } = (await api.json(
    '/api/jobs/dead-letter/reasons',
  )) as unknown as Reasons;
  expect([items.length, leftOff]).toEqual([50, 15]);
  expect(items.slice(0, 6).map(({ count }) => count)).toEqual([12, 12, 12, 12, 12, 1]);
});

test('replays exactly the jobs of a group by its code, its time span and its count', async () => {
  const ids = await addDeadJobs(4);
  await api.db.query("update jobs set failure = 'B: 2' where id = $1", [ids[3]]);
  // Microseconds, which the JSON of a response does not have.
  await api.db.query(
    "update jobs set failed_at = date_trunc('second', failed_at) + interval '123456 microseconds'",
  );
  const shown = async (): Promise<Reasons['items'][number]> =>
    ((await api.json('/api/jobs/dead-letter/reasons?code=A')) as unknown as Reasons).items[0]!;
  const { code, count, oldest, newest } = await shown();
  expect([code, count]).toEqual(['A', 3]);
  const group = { code, count, failed_after: oldest, failed_before: newest };
  expect((await send('POST', '/replay', { ...group, dry_run: true })).body).toMatchObject({
    matched: 3,
    replayed: 0,
  });
  expect(await shown()).toMatchObject({ count: 3 });

  // Meanwhile one more job fails with the code, outside the time span, and one of the group is purged.
  await api.db.query("update jobs set failed_at = now(), failure = 'A: 3' where id = $1", [ids[3]]);
  expect((await send('POST', '/purge', { ...group, dry_run: true })).body).toMatchObject({
    matched: 3,
    purged: 0,
  });
  await send('DELETE', `/${ids[0]}`);
  for (const path of ['/replay', '/purge']) {
    const refused = await send('POST', path, group);
    expect([path, refused]).toMatchObject([path, { status: 409, body: { code: 'COUNT_CHANGED' } }]);
  }
  expect(await list('?code=A')).toHaveLength(3);
  expect((await send('POST', '/replay', { ...group, count: 2 })).body).toMatchObject({
    matched: 2,
    replayed: 2,
  });
  expect((await list()).map(({ id }) => id)).toEqual([ids[3]]);
});
