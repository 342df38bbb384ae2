import { claimReplays, closeMessage, createSession, findMessageById, recordInbound } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { createDeadLetterMover, createProducer, readQueueTotals, startOutboxRelay } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestApi, adminKey, startTestApi, walk } from './support.ts';

const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
const { bullPrefix } = keyspace('prosaas');
let api: TestApi;
let redis: Redis;

beforeEach(async () => {
  api = await startTestApi();
  redis = createRedis({ url: api.redis.url, name: 'test', role: 'blocking', log });
  await redisReady(redis);
  await createSession(api.db, { id: 'shop', businessId: 'default', wanted: 'started' });
});
afterEach(async () => {
  await closeRedis(redis);
  await api[Symbol.asyncDispose]();
});

/** Messages whose jobs fail for good, with these reasons; returns their ids. */
async function fail(reasons: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  await using producer = createProducer({ redis, bullPrefix });
  for (const reason of reasons) {
    const input = {
      sessionId: 'shop',
      businessId: 'default',
      contact: '1@s.whatsapp.net',
      sentAt: new Date(),
    };
    const { message } = await recordInbound(api.db, { ...input, externalId: `E${ids.length}`, text: reason });
    ids.push(message.id);
    const payload = { messageId: message.id, conversationId: message.conversation_id, businessId: 'default' };
    await producer.enqueue('inbound-messages', { key: message.id, payload });
  }
  const failing = new Worker(
    'inbound-messages',
    async ({ id }) => {
      throw new UnrecoverableError(reasons[ids.indexOf(id ?? '')]);
    },
    { connection: redis, prefix: bullPrefix, metrics: { maxDataPoints: 60 } },
  );
  await poll(async () => (await totals()).failed === reasons.length, { what: 'the jobs to fail' });
  await failing.close();
  await using mover = createDeadLetterMover({
    redis,
    bullPrefix,
    onDead: async ({ origin, reason }) => {
      await closeMessage(api.db, origin.id, { status: 'failed', error: reason });
    },
  });
  await mover.sweep();
  return ids;
}

/** Letters of messages that failed, the latest first. Returns the messages' ids in their order. */
async function bury(count: number): Promise<string[]> {
  const input = { sessionId: 'shop', businessId: 'default', contact: '1@s.whatsapp.net', sentAt: new Date() };
  const { conversationId } = await recordInbound(api.db, { ...input, externalId: 'first', text: 'Hello' });
  const rows = await api.db.query<{ id: string }>(
    `insert into messages (business_id, conversation_id, session_id, direction, status, text, external_id)
     select 'default', $1, 'shop', 'inbound', 'failed', 'Hello', n::text from generate_series(1, $2::int) as n returning id`,
    [conversationId, count],
  );
  const ids = rows.map(({ id }) => id);
  await addLetters(
    ids.toReversed().map((id) => ({
      id: `inbound-messages.${id}.1`,
      payload: { messageId: id, conversationId, businessId: 'default' },
    })),
  );
  return ids;
}

async function addLetters(letters: readonly { id: string; payload: object }[]): Promise<void> {
  const queue = new Queue('dead-letter', { connection: redis, prefix: bullPrefix });
  const now = new Date().toISOString();
  const story = { reason: 'A: 1', attempts: 1, failures: [], trace: '', replay_of: null, started_at: null };
  await queue.addBulk(
    letters.map(({ id, payload }) => ({
      name: 'inbound-messages',
      data: {
        ...story,
        payload,
        origin: { queue: 'inbound-messages', id: id.split('.')[1] },
        created_at: now,
        failed_at: now,
      },
      opts: { jobId: id },
    })),
  );
  await queue.close();
}

const totals = (): ReturnType<typeof readQueueTotals> => readQueueTotals(redis, bullPrefix);

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

test('letters are listed page by page, by what they are asked for', async () => {
  const ids = await fail(['SEND_REFUSED: no such chat', 'TIMEOUT: too late', 'SEND_REFUSED: blocked']);
  const letters = await list('?limit=1');
  // They are moved side by side.
  expect(new Set(letters.map(({ job_id }) => job_id))).toEqual(new Set(ids));
  expect(letters.find(({ job_id }) => job_id === ids[2])).toMatchObject({
    queue: 'inbound-messages',
    reason: 'SEND_REFUSED: blocked',
    attempts: 1,
  });
  expect(letters[0]?.['trace']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(await list('?contains=send_refused')).toHaveLength(2);
  expect(await list('?queue=outbound-messages')).toEqual([]);
  expect(await list('?business=other')).toEqual([]);
  expect(await list(`?failed_after=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
  expect(await list(`?failed_before=${new Date(Date.now() + 60_000).toISOString()}`)).toHaveLength(3);
  const own = await walk(api, '/api/jobs/dead-letter');
  expect(own).toHaveLength(3);
  const { id, job_id } = own[0] as { id: string; job_id: string };
  expect(await api.json(`/api/jobs/dead-letter/${id}`)).toMatchObject({ id, job_id });
});

test('a replay is a new job that names its origin, once however often it is asked for', async () => {
  const [messageId = ''] = await fail(['SEND_REFUSED: no such chat']);
  const [letter] = (await list()) as { id: string; trace: string }[];
  const answers = await Promise.all([1, 2, 3].map(() => send('POST', `/${letter!.id}/replay`)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202)).toHaveLength(1);
  expect(statuses.filter((status) => status === 404 || status === 409)).toHaveLength(2);
  expect((await findMessageById(api.db, messageId))?.status).toBe('received');
  expect(await list()).toEqual([]);
  await using producer = createProducer({ redis, bullPrefix });
  await using relay = startOutboxRelay({ db: api.db, producer, log });
  relay.nudge();
  const job = await poll(
    async () => {
      const found = await api.get(`/api/jobs/inbound-messages/${messageId}`);
      return found.ok && ((await found.json()) as Record<string, unknown>);
    },
    { what: 'the new job' },
  );
  expect(job).toMatchObject({ state: 'waiting', attempts_made: 0, replay_of: letter!.id });
  expect(String(job['trace']).slice(3, 35)).toBe(letter!.trace.slice(3, 35));
  expect(await totals()).toMatchObject({ enqueued: 2, failed: 1, deadLetter: 1, deadLetterDepth: 0 });
});

test('many are replayed by a filter, at a rate, and those that cannot be are named', async () => {
  const ids = await fail(['A: 1', 'A: 2', 'A: 3', 'B: 4']);
  await api.db.query('delete from messages where id = $1', [ids[1]]);
  const answer = await send('POST', '/replay', { contains: 'A:', rate_per_second: 1 });
  expect(answer).toMatchObject({
    status: 200,
    body: { matched: 3, replayed: 2, refused: [{ code: 'NOT_REPLAYABLE' }] },
  });
  const rows = await api.db.query<{ key: string; after: number }>(
    'select key, extract(epoch from run_at - min(run_at) over ())::float8 as after from outbox order by id',
  );
  expect(rows.map(({ after }) => after)).toEqual([0, 1]);
  expect(new Set(rows.map(({ key }) => key))).toEqual(new Set([ids[0], ids[2]]));
  expect(new Set((await list()).map(({ job_id }) => job_id))).toEqual(new Set([ids[3], ids[1]]));
});

test('hundreds are replayed in the order of their messages, whichever way their letters lie', async () => {
  const ids = await bury(450);
  await api.db.query("update messages set status = 'answered' where id = $1", [ids[210]]);
  expect((await send('POST', '/replay', { limit: 1000, rate_per_second: 1000 })).body).toMatchObject({
    matched: 450,
    replayed: 449,
    refused: [{ id: `inbound-messages.${ids[210]}.1`, code: 'NOT_REPLAYABLE' }],
  });
  const rows = await api.db.query<{ key: string; after: number; due: boolean }>(
    `select key, (1000 * extract(epoch from run_at - min(run_at) over ()))::int as after, run_at = not_before as due
     from outbox join messages on messages.id::text = key order by outbox.id`,
  );
  expect(rows.map(({ key }) => key)).toEqual(ids.toSpliced(210, 1));
  expect(rows.map(({ after }) => after)).toEqual(rows.map((_row, nth) => nth));
  expect(rows.every(({ due }) => due)).toBe(true);
  expect((await list()).map(({ job_id }) => job_id)).toEqual([ids[210]]);
});

test('each that is refused has its reason, and only one that was replayed before is gone', async () => {
  const [one = '', two = '', three = ''] = await bury(3);
  await claimReplays(api.db, [`inbound-messages.${one}.1`]);
  const payload = { messageId: two, conversationId: two, businessId: 'default' };
  await addLetters([
    { id: `inbound-messages.${two}.2`, payload },
    { id: 'inbound-messages.bad.1', payload: { messageId: 'bad' } },
  ]);
  const replay = async (): Promise<unknown> => {
    const { replayed, refused } = (await send('POST', '/replay', {})).body;
    const codes = (refused as { id: string; code: string }[]).map(({ id, code }) => [id, code] as const);
    return { replayed, codes: Object.fromEntries(codes) };
  };
  expect(await replay()).toEqual({
    replayed: 2,
    codes: {
      'inbound-messages.bad.1': 'PAYLOAD_INVALID',
      [`inbound-messages.${one}.1`]: 'ALREADY_REPLAYED',
      [`inbound-messages.${two}.2`]: 'NOT_REPLAYABLE',
    },
  });
  const left = ['inbound-messages.bad.1', `inbound-messages.${two}.2`];
  expect(new Set((await list()).map(({ id }) => id))).toEqual(new Set(left));
  const outbox = await api.db.query<{ replay_of: string }>('select replay_of from outbox order by id');
  expect(outbox.map((row) => row.replay_of)).toEqual([two, three].map((id) => `inbound-messages.${id}.1`));

  // It gave its claim back: it can be replayed once its message has failed again.
  await closeMessage(api.db, two, { status: 'failed', error: 'again' });
  await api.db.query('delete from outbox');
  expect(await replay()).toMatchObject({
    replayed: 1,
    codes: { 'inbound-messages.bad.1': 'PAYLOAD_INVALID' },
  });
});

test('an outage ends a replay, and what is done is done', async () => {
  const ids = await bury(450);
  await api.db.query(
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no disk'; end $$;
     create trigger fail before update on messages for each row when (new.id = '${ids[250]}') execute function fail()`,
  );
  expect((await send('POST', '/replay', {})).status).toBe(503);
  const outbox = await api.db.query<{ key: string }>('select key from outbox order by id');
  expect(outbox.map(({ key }) => key)).toEqual(ids.slice(0, 200));
  expect((await totals()).deadLetterDepth).toBe(250);
  await api.db.query('drop trigger fail on messages');
  expect((await send('POST', '/replay', {})).body).toEqual({ matched: 250, replayed: 250, refused: [] });
});

test('letters are purged one by one or by a filter; what was counted stands', async () => {
  await fail(['A: 1', 'A: 2', 'B: 3']);
  const id = (await list()).find(({ reason }) => reason === 'B: 3')?.['id'] as string;
  expect(await send('DELETE', `/${id}`)).toMatchObject({ status: 204 });
  expect(await send('DELETE', `/${id}`)).toMatchObject({ status: 404 });
  expect((await send('POST', '/purge', { contains: 'A', limit: 1 })).body).toEqual({ matched: 2, purged: 1 });
  expect(await list()).toHaveLength(1);
  expect(await totals()).toMatchObject({ failed: 3, deadLetter: 3, deadLetterDepth: 1 });
});

test("BullMQ's own keys are no letters: they are not shown, replayed or deleted", async () => {
  await fail(['A: 1']);
  const own = await redis.keys(`${bullPrefix}:dead-letter:*`);
  const names = own.map((key) => key.slice(`${bullPrefix}:dead-letter:`.length));
  expect(names).toEqual(expect.arrayContaining(['meta', 'wait']));
  const [letter] = await list();
  for (const name of names.filter((one) => one !== letter?.['id'])) {
    expect(await send('GET', `/${name}`)).toMatchObject({ status: 404 });
    expect(await send('POST', `/${name}/replay`)).toMatchObject({ status: 404 });
    expect(await send('DELETE', `/${name}`)).toMatchObject({ status: 404 });
  }
  expect(await redis.exists(...own)).toBe(own.length);
});

test.each<[string, string, string, object | undefined, number, string]>([
  ['an unknown letter', 'POST', '/inbound-messages.x.1/replay', undefined, 404, 'JOB_NOT_FOUND'],
  ['an unknown queue', 'POST', '/replay', { queue: 'nothing' }, 400, 'VALIDATION_FAILED'],
  ['a rate that is none', 'POST', '/replay', { rate_per_second: 0 }, 400, 'VALIDATION_FAILED'],
  ['a time that is none', 'POST', '/purge', { failed_before: 'yesterday' }, 400, 'VALIDATION_FAILED'],
  ['an unknown field', 'POST', '/purge', { all: true }, 400, 'VALIDATION_FAILED'],
])('%s is refused', async (_what, method, path, body, status, code) => {
  expect(await send(method, path, body)).toMatchObject({ status, body: { code } });
});

test('a filter that matches more than a thousand needs a limit, and nothing is half done', async () => {
  await using producer = createProducer({ redis, bullPrefix });
  // Payloads that do not fit: their letters name no message.
  await producer.enqueueUnchecked(
    Array.from({ length: 1001 }, (_, at) => ({
      queue: 'inbound-messages',
      key: `bad${at}`,
      payload: { at },
    })),
  );
  const failing = new Worker('inbound-messages', async () => Promise.reject(new UnrecoverableError('no')), {
    connection: redis,
    prefix: bullPrefix,
    concurrency: 50,
    metrics: { maxDataPoints: 60 },
  });
  await poll(async () => (await totals()).failed === 1001, { timeoutMs: 90_000, what: 'the jobs to fail' });
  await failing.close();
  await using mover = createDeadLetterMover({ redis, bullPrefix, onDead: async () => {} });
  await mover.sweep();
  for (const path of ['/replay', '/purge']) {
    expect(await send('POST', path, {})).toMatchObject({ status: 422, body: { code: 'FILTER_TOO_BROAD' } });
  }
  const { id } = (await list('?limit=1'))[0] as { id: string };
  expect(await send('POST', `/${id}/replay`)).toMatchObject({
    status: 422,
    body: { code: 'PAYLOAD_INVALID' },
  });
  expect(await totals()).toMatchObject({ deadLetterDepth: 1001 });
}, 180_000);

test('an API key reads its letters and changes none', async () => {
  await fail(['A: 1']);
  const { id } = (await list())[0] as { id: string };
  for (const [method, path, body] of [
    ['POST', `/${id}/replay`, undefined],
    ['DELETE', `/${id}`, undefined],
    ['POST', '/replay', {}],
    ['POST', '/purge', {}],
  ] as const) {
    expect((await send(method, path, body, 'the-api-key')).status).toBe(403);
  }
  expect(await list()).toHaveLength(1);
});
