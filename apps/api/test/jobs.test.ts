import { poll } from '@prosaas/devstack';
import { createRelay } from '@prosaas/queues';
import type { Redis } from 'ioredis';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ReceivedMessage,
  type TestApi,
  adminKey,
  apiKey,
  receive,
  startTestApi,
  walk,
} from './support.ts';

let api: TestApi;
let redis: Redis;
/** One per contact. */
const messages: ReceivedMessage[] = [];

beforeAll(async () => {
  api = await startTestApi({ DEAD_LETTER_MAX: '15' });
  const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
  redis = createRedis({ url: api.redis.url, name: 'test', role: 'blocking', log });
  await redisReady(redis);
  await api.db.query("insert into businesses (id, name) values ('other', 'Other')");
  for (let at = 0; at < 12; at += 1) {
    messages.push(await receive(api.db, { businessId: at % 3 === 0 ? 'other' : 'default' }));
  }
  await using relay = createRelay({ redis, bullPrefix: keyspace('prosaas').bullPrefix, log });
  relay.enqueue(messages.map(({ released }) => released));
});
afterAll(async () => {
  await closeRedis(redis);
  await api[Symbol.asyncDispose]();
});

const bullId = (at: number): string => `${messages[at]!.jobId}-1`;

test('lists jobs in pages, and only those of its business for an API key', async () => {
  await poll(async () => (await walk(api, '/api/jobs?limit=3', adminKey)).length === 12, {
    what: 'the jobs',
  });
  const own = await walk(api, '/api/jobs?queue=inbound-messages&state=waiting&limit=3');
  expect(own.map(({ id }) => id)).toHaveLength(8);
  expect(await walk(api, '/api/jobs?business=other', adminKey)).toHaveLength(4);
  expect(await api.json(`/api/jobs/inbound-messages/${bullId(1)}`)).toMatchObject({
    id: bullId(1),
    state: 'waiting',
  });
  // A job of another business, and Redis keys that BullMQ uses itself.
  for (const id of [bullId(0), 'meta', 'wait', `${bullId(1)}:lock`, 'metrics:completed']) {
    expect((await api.get(`/api/jobs/inbound-messages/${id}`)).status).toBe(404);
  }
  expect(await walk(api, '/api/jobs/dead-letter')).toEqual([]);
});

test('shows, pauses, resumes and drains queues for the admin key, and counts drained jobs as failed', async () => {
  // A second message of a contact, whose job waits for the first one.
  const [{ contact } = { contact: '' }] = await api.db.query<{ contact: string }>(
    'select contact from conversations where id = $1',
    [messages[1]!.conversationId],
  );
  await receive(api.db, { contact });
  const post = (path: string, key = adminKey): Promise<Response> =>
    fetch(`${api.url}/api/queues/${path}`, { method: 'POST', headers: { 'x-api-key': key } });
  const show = async (): Promise<Record<string, unknown>> => {
    const { items } = await api.list('/api/queues', adminKey);
    return items.find(({ name }) => name === 'inbound-messages') ?? {};
  };
  expect((await api.get('/api/queues')).status).toBe(403);
  const authorization = 'Bearer the-metrics-token';
  const byToken = await fetch(`${api.url}/api/queues`, { headers: { authorization } });
  expect([byToken.status, await byToken.json()]).toMatchObject([200, { dead_letter_depth: 0 }]);
  expect(
    (await fetch(`${api.url}/api/queues/notices/pause`, { method: 'POST', headers: { authorization } }))
      .status,
  ).toBe(403);
  expect((await post('inbound-messages/pause', apiKey)).status).toBe(403);
  expect((await post('nothing/pause')).status).toBe(404);
  expect(await show()).toMatchObject({
    paused: false,
    waiting: 12,
    pending: 1,
    totals: { enqueued: 12, failed: 0 },
    rows: { inserted: 13, closed: 0, failed: 0, open: 13 },
  });
  expect((await post('inbound-messages/pause')).status).toBe(204);
  expect(await show()).toMatchObject({ paused: true });
  expect((await post('inbound-messages/resume')).status).toBe(204);
  expect(await show()).toMatchObject({ paused: false });
  expect(await (await post('inbound-messages/drain')).json()).toEqual({ drained: 13 });
  expect(await (await post('inbound-messages/drain')).json()).toEqual({ drained: 0 });
  expect(await show()).toMatchObject({
    waiting: 0,
    pending: 0,
    totals: { enqueued: 13, completed: 0, failed: 13, dead_letter: 13 },
    rows: { inserted: 13, closed: 0, failed: 13, open: 0 },
  });
  expect(await api.json(`/api/jobs/dead-letter/${messages[1]!.jobId}`)).toMatchObject({
    reason: 'DRAINED: the queue was emptied',
  });
  const audit = await api.list('/api/audit', adminKey);
  expect(audit.items).toContainEqual(expect.objectContaining({ target: 'inbound-messages' }));
});

test('the health details warn of a dead letter that is filling up', async () => {
  const headers = { accept: 'application/health+json' };
  const shown = await poll(
    async () => {
      const text = await (await fetch(`${api.url}/api/health`, { headers })).text();
      return text.includes('dead_letter_filling') && text;
    },
    { what: 'the warning' },
  );
  expect(shown).toContain('"dead_letter_filling":{"jobs":13,"max":15,"expiring":0}');
});

test('the metrics count jobs that wait in PostgreSQL and jobs in the dead letter', async () => {
  await receive(api.db, { contact: '1@s.whatsapp.net' });
  await receive(api.db, { contact: '1@s.whatsapp.net' });
  await poll(
    async () => {
      const text = await (await fetch(`${api.url}/metrics?token=the-metrics-token`)).text();
      const age = /\nprosaas_queue_oldest_job_age_seconds\{queue="inbound-messages"\} (\S+)\n/.exec(
        text,
      )?.[1];
      return (
        Number(age) > 0 &&
        [
          'queue_dead_letter_depth 13',
          'queue_jobs{queue="inbound-messages",state="pending"} 1',
          'queue_jobs{queue="inbound-messages",state="waiting"} 0',
        ].every((line) => text.includes(`\nprosaas_${line}\n`))
      );
    },
    { what: 'the gauges', timeoutMs: 15_000 },
  );
});

test('shows schedules with their next and last runs', async () => {
  await api.db.query(
    `insert into schedules (name, started_at, last_run) values ('retention', '2026-01-01T12:00:00Z', '{"started_at":
     "2026-01-01T12:00:00Z", "ran_ms": 12, "outcome": "completed", "error": null, "worker": "w"}')`,
  );
  const { items } = await api.list('/api/schedules', adminKey);
  expect(items.find(({ name }) => name === 'retention')).toEqual({
    name: 'retention',
    every_seconds: 3600,
    next_run: '2026-01-01T13:00:00.000Z',
    last_run: {
      started_at: '2026-01-01T12:00:00Z',
      ran_ms: 12,
      outcome: 'completed',
      error: null,
      worker: 'w',
    },
  });
  expect(items.find(({ name }) => name === 'lost-jobs')).toMatchObject({ next_run: null, last_run: null });
});

test('responds to job lists with 503 while Redis is away, still reads records, and recovers', async () => {
  await api.redis.stop();
  const away = await poll(
    async () => {
      const answer = await api.get('/api/jobs');
      return answer.status === 503 && answer;
    },
    { what: 'Redis to be missed' },
  );
  expect(await away.json()).toMatchObject({ code: 'QUEUES_UNAVAILABLE' });
  const queues = await api.get('/api/queues', adminKey);
  expect([queues.status, await queues.json()]).toMatchObject([503, { code: 'QUEUES_UNAVAILABLE' }]);
  expect((await api.get('/api/conversations')).status).toBe(200);
  expect((await api.get('/api/jobs/dead-letter')).status).toBe(200);
  await api.redis.start();
  await poll(async () => (await api.get('/api/jobs')).status === 200, { what: 'Redis to be back' });
});
