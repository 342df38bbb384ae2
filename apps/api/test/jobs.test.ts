import { poll } from '@prosaas/devstack';
import { createDeadLetterMover, createProducer } from '@prosaas/queues';
import type { Redis } from 'ioredis';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, startTestApi, walk } from './support.ts';

let api: TestApi;
let redis: Redis;
const { bullPrefix } = keyspace('prosaas');
const uuid = (at: number): string => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

beforeAll(async () => {
  api = await startTestApi({ DEAD_LETTER_MAX: '15' });
  const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
  redis = createRedis({ url: api.redis.url, name: 'test', role: 'blocking', log });
  await redisReady(redis);
  await using producer = createProducer({ redis, bullPrefix });
  for (let at = 0; at < 12; at += 1) {
    await producer.enqueue('inbound-messages', {
      key: `m${at}`,
      payload: {
        messageId: uuid(at),
        conversationId: uuid(0),
        businessId: at % 3 === 0 ? 'other' : 'default',
      },
    });
  }
});
afterAll(async () => {
  await closeRedis(redis);
  await api[Symbol.asyncDispose]();
});

test('jobs are read page by page, to an API key those of its business alone', async () => {
  expect(await walk(api, '/api/jobs?limit=3', adminKey)).toHaveLength(12);
  const own = await walk(api, '/api/jobs?queue=inbound-messages&state=waiting&limit=3');
  expect(own.map(({ id }) => id)).toHaveLength(8);
  expect(await walk(api, '/api/jobs?business=other', adminKey)).toHaveLength(4);
  expect(await api.json('/api/jobs/inbound-messages/m1')).toMatchObject({ id: 'm1', state: 'waiting' });
  // The last four are keys of BullMQ's own.
  for (const id of ['m0', 'meta', 'wait', 'm1:lock', 'metrics:completed']) {
    expect((await api.get(`/api/jobs/inbound-messages/${id}`)).status).toBe(404);
  }
  expect(await walk(api, '/api/jobs/dead-letter')).toEqual([]);
});

test('queues are shown, paused, resumed and drained by the admin key, and drained jobs are failed ones', async () => {
  const post = (path: string, key = adminKey): Promise<Response> =>
    fetch(`${api.url}/api/queues/${path}`, { method: 'POST', headers: { 'x-api-key': key } });
  const show = async (): Promise<Record<string, unknown>> => {
    const { items } = await api.list('/api/queues', adminKey);
    return items.find(({ name }) => name === 'inbound-messages') ?? {};
  };
  expect((await api.get('/api/queues')).status).toBe(403);
  expect((await post('inbound-messages/pause', 'the-api-key')).status).toBe(403);
  expect((await post('nothing/pause')).status).toBe(404);
  expect(await show()).toMatchObject({ paused: false, waiting: 12, totals: { enqueued: 12, failed: 0 } });
  expect((await post('inbound-messages/pause')).status).toBe(204);
  expect(await show()).toMatchObject({ paused: true });
  expect((await post('inbound-messages/resume')).status).toBe(204);
  expect(await show()).toMatchObject({ paused: false });
  expect(await (await post('inbound-messages/drain')).json()).toEqual({ drained: 12 });
  expect(await (await post('inbound-messages/drain')).json()).toEqual({ drained: 0 });
  expect(await show()).toMatchObject({
    waiting: 0,
    failed: 12,
    totals: { enqueued: 12, completed: 0, failed: 12 },
  });
  expect(await api.json('/api/jobs/inbound-messages/m1')).toMatchObject({
    state: 'failed',
    error: 'DRAINED: the queue was emptied',
  });
  const audit = await api.list('/api/audit', adminKey);
  expect(audit.items).toContainEqual(expect.objectContaining({ target: 'inbound-messages' }));
});

test('health tells of a dead letter that fills, before any is dropped', async () => {
  await using mover = createDeadLetterMover({ redis, bullPrefix, onDead: async () => {} });
  expect(await mover.sweep()).toBe(12);
  const headers = { accept: 'application/health+json' };
  const shown = await poll(
    async () => {
      const text = await (await fetch(`${api.url}/api/health`, { headers })).text();
      return text.includes('dead_letter_filling') && text;
    },
    { what: 'the warning' },
  );
  expect(shown).toContain('"dead_letter_filling":{"letters":12,"max":15,"expiring":0}');
});

test('metrics tell how many wait in the dead letter, and in the database', async () => {
  await poll(
    async () => {
      const text = await (await fetch(`${api.url}/metrics?token=the-metrics-token`)).text();
      return ['queue_dead_letter_depth 12', 'outbox_jobs 0', 'outbox_oldest_job_age_seconds 0'].every(
        (line) => text.includes(`\nprosaas_${line}\n`),
      );
    },
    { what: 'the gauges' },
  );
});

test('without Redis lists of jobs are 503, records are read as before, and all comes back by itself', async () => {
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
  await api.redis.start();
  await poll(async () => (await api.get('/api/jobs')).status === 200, { what: 'Redis to be back' });
});
