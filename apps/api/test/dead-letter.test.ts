import { closeMessage, createSession, findMessageById, recordInbound } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { createDeadLetterMover, createProducer, readQueueTotals, startOutboxRelay } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { UnrecoverableError, Worker } from 'bullmq';
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
