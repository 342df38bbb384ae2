import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  createDeadLetterMover,
  createProducer,
  openQueueControl,
  openSchedules,
  scheduleTable,
} from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, startTestApi } from './support.ts';

const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
const script = fileURLToPath(new URL('../src/jobs.ts', import.meta.url));
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  const redis = createRedis({ url: api.redis.url, name: 'test', role: 'commands', log });
  await redisReady(redis);
  const { bullPrefix } = keyspace('prosaas');
  await using producer = createProducer({ redis, bullPrefix });
  for (const [at, queue] of (
    ['inbound-messages', 'outbound-messages', 'outbound-messages'] as const
  ).entries()) {
    await producer.enqueueUnchecked([{ queue, key: `bad${at}`, payload: { at } }]);
  }
  await using control = openQueueControl({ redis, bullPrefix });
  for (const queue of ['inbound-messages', 'outbound-messages'] as const) await control.drain(queue);
  await using mover = createDeadLetterMover({ redis, bullPrefix, onDead: async () => {} });
  await mover.sweep();
  await using schedules = openSchedules({ redis, bullPrefix, table: scheduleTable });
  await schedules.setUp();
  await schedules.record('retention', {
    started_at: new Date().toISOString(),
    ran_ms: 1200,
    outcome: 'failed',
    error: 'Error: what is too old was not deleted of: calls',
    worker: 'worker:host:1',
  });
  await closeRedis(redis);
});
afterAll(() => api[Symbol.asyncDispose]());

async function jobs(
  args: string,
  env: Record<string, string> = {},
): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@prosaas/source', script, ...args.split(' ').filter(Boolean)],
    {
      env: { PATH: process.env['PATH'], API_PORT: new URL(api.url).port, ADMIN_KEY: adminKey, ...env },
    },
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('the dead letter is listed, shown and purged from a shell', async () => {
  const listed = await jobs('list --queue outbound-messages --json');
  expect(listed).toMatchObject({ code: 0, err: '' });
  const letters = listed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string });
  expect(letters).toHaveLength(2);
  const { id } = letters[0]!;
  expect(JSON.parse((await jobs(`show ${id}`)).out)).toMatchObject({
    id,
    reason: 'DRAINED: the queue was emptied',
  });
  expect(await jobs(`replay ${id}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('PAYLOAD_INVALID'),
  });
  expect(await jobs('replay --all --rate 10')).toMatchObject({
    code: 0,
    out: expect.stringContaining('0 of 3 replayed'),
  });
  expect(await jobs(`purge ${id}`)).toMatchObject({ code: 0, out: '1 purged\n' });
  expect(await jobs('purge --all --contains drained')).toMatchObject({ code: 0, out: '2 of 2 purged\n' });
  expect((await jobs('list')).out).toBe('0 shown\n');
});

test('queues are shown and paused from a shell', async () => {
  expect(await jobs('pause inbound-messages')).toMatchObject({
    code: 0,
    out: 'inbound-messages is paused\n',
  });
  const { items } = JSON.parse((await jobs('queues --json')).out) as { items: object[] };
  expect(items).toContainEqual(expect.objectContaining({ name: 'inbound-messages', paused: true }));
  expect((await jobs('queues')).out).toContain('inbound-messages');
  expect(await jobs('resume inbound-messages')).toMatchObject({ code: 0 });
});

test.each([
  ['', 2, 'which command?'],
  ['dance', 2, 'there is no command dance'],
  ['show', 2, 'which one?'],
  ['list --limit none', 2, '--limit is a whole number'],
  ['list --colour red', 2, "Unknown option '--colour'"],
  ['pause nothing', 1, 'QUEUE_NOT_FOUND'],
  ['show inbound-messages.x.1', 1, 'JOB_NOT_FOUND'],
])('"jobs %s" ends with %i and says why', async (args, code, said) => {
  expect(await jobs(args)).toMatchObject({ code, err: expect.stringContaining(said) });
});

test('an api that is not there is named, and so is a key that does not open it', async () => {
  expect(await jobs('queues', { API_PORT: '1' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('The api does not answer at http://localhost:1'),
  });
  expect(await jobs('queues', { ADMIN_KEY: 'wrong' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('UNAUTHENTICATED'),
  });
  expect(await jobs('--help')).toMatchObject({ code: 0, out: expect.stringContaining('usage: jobs') });
});

test('schedules are told with their next and their last run', async () => {
  const { code, out } = await jobs('schedules --json');
  expect(code).toBe(0);
  const { items } = JSON.parse(out) as { items: { name: string; next_run: string; last_run: unknown }[] };
  expect(items.map(({ name }) => name)).toEqual(['retention', 'lost-jobs']);
  expect(items[0]).toMatchObject({ last_run: { outcome: 'failed', worker: 'worker:host:1' } });
  expect(items[1]?.last_run).toBeNull();
  for (const { next_run } of items) expect(next_run).toMatch(/^\d{4}-.*T.*:00\.000Z$/);
  expect((await jobs('schedules')).out).toMatch(/retention.*failed/);
});
