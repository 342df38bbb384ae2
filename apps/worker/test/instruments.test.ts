import { poll } from '@prosaas/devstack';
import { queueNames } from '@prosaas/queues';
import { keyspace } from '@prosaas/runtime';
import { createSystemMetricsReader } from '@prosaas/telemetry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

test('records attempts, wait and run times per queue, and reads depths from Redis', async () => {
  stage.baileys.fault = ({ key }) => (stage.baileys.requests === 1 && key !== '' ? 500 : undefined);
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.worker();
  await poll(async () => (await stage.totals()).completed === 2, { what: 'the answer to be sent' });
  await using reader = createSystemMetricsReader({
    redis: stage.redis,
    keyspace: keyspace('prosaas'),
    onError: (error) => {
      throw error;
    },
  });
  const attempts = (queue: string, outcome: string): object => ({ labels: { queue, outcome }, value: 1 });
  const { labels, histograms } = await poll(
    async () => {
      const reading = await reader.read();
      const done = reading.labels['queue_job_attempts']?.reduce((sum, { value }) => sum + value, 0);
      return done === 3 && reading;
    },
    { what: 'the counts to be published' },
  );
  expect(labels['queue_job_attempts']).toEqual(
    expect.arrayContaining([
      attempts('inbound-messages', 'completed'),
      attempts('outbound-messages', 'retried'),
      attempts('outbound-messages', 'completed'),
    ]),
  );
  expect(labels['agent_answers']).toEqual([{ labels: { source: 'faq' }, value: 1 }]);
  const counts = (name: string): object =>
    Object.fromEntries((histograms[name] ?? []).map(({ labels: { queue }, count }) => [queue, count]));
  const none = Object.fromEntries(queueNames.map((queue) => [queue, 0]));
  expect(counts('queue_job_wait_seconds')).toEqual({
    ...none,
    'inbound-messages': 1,
    'outbound-messages': 1,
  });
  expect(counts('queue_job_run_seconds')).toEqual({ ...none, 'inbound-messages': 1, 'outbound-messages': 2 });
  expect(labels['queue_jobs']).toContainEqual({
    labels: { queue: 'outbound-messages', state: 'waiting' },
    value: 0,
  });
});

test('counts hand-overs by reason, each conversation once', async () => {
  stage.baileys.fault = ({ chatId }) => (chatId === '3@s.whatsapp.net' ? 404 : undefined);
  await stage.worker();
  for (const text of ['I want to talk to a person', 'I want to talk to a person'])
    await stage.receive('1@s.whatsapp.net', text);
  await stage.receive('2@s.whatsapp.net', 'Do you take cash?', {
    sentAt: new Date(Date.now() - 13 * 3_600_000),
  });
  await stage.receive('3@s.whatsapp.net', 'Do you take cash?');
  await using reader = createSystemMetricsReader({
    redis: stage.redis,
    keyspace: keyspace('prosaas'),
    onError: (error) => {
      throw error;
    },
  });
  const handovers = async (): Promise<Record<string, number>> => {
    const { labels } = await reader.read();
    return Object.fromEntries((labels['handovers'] ?? []).map((one) => [one.labels['reason'], one.value]));
  };
  await poll(async () => Object.keys(await handovers()).length === 3, { what: 'three reasons' });
  await poll(async () => (await stage.rows()).open === 0, { what: 'the jobs to end' });
  expect(await handovers()).toEqual({ asked: 1, late: 1, failure: 1 });
});

test('reports the age of waiting jobs and whether a queue is paused', async () => {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await poll(async () => (await stage.totals()).enqueued === 1);
  const [job] = await stage.db.query<{ id: string; release: number }>('select id, release from jobs');
  const key = `{prosaas}:inbound-messages:${job!.id}-${job!.release}`;
  await stage.redis.hset(key, 'timestamp', String(Date.now() - 60_000));
  await stage.redis.hset('{prosaas}:inbound-messages:meta', 'paused', '1');
  const { queues } = await stage.totals();
  expect(queues['inbound-messages']).toMatchObject({ paused: true, waiting: 1 });
  expect(Math.round(queues['inbound-messages'].oldestAgeSeconds)).toBe(60);
  expect(queues['outbound-messages']).toMatchObject({ paused: false, oldestAgeSeconds: 0 });
});
