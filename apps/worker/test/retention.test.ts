import { changeCall, withRetentionLock, recordAudit, saveRecording } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { createLogger, loadConfig } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Config } from '../src/config.ts';
import { applyRetention, retentionTask, type RetentionOptions } from '../src/tasks/retention.ts';
import { setStage, type Stage } from './stage.ts';

const never = new AbortController().signal;
let stage: Stage;
let lines: { msg: string; job_ids?: string[] }[];

beforeEach(async () => {
  lines = [];
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

function options(env: Record<string, string> = {}): RetentionOptions {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) };
  return {
    db: stage.db,
    config: loadConfig(Config, { ...stage.env, ...env }),
    log: createLogger({ service: 'test', instance: 'test', level: 'info', destination }),
  };
}

/** Moves all times into the past. */
async function apply(days: number, env?: Record<string, string>): Promise<Record<string, number>> {
  const now = new Date(Date.now() + days * 24 * 3600_000);
  return (await applyRetention({ ...options(env), now, signal: never })).deleted;
}

/** Moves the start of all warnings into the past. */
const age = (interval: string): Promise<unknown> =>
  stage.db.query('update warnings set since = since - $1::interval', [interval]);

/** Four messages with their jobs done, one of them in the dead letter; a call with a recording; a use of the admin key. */
async function fill(): Promise<void> {
  stage.baileys.fault = ({ text }) => (text.includes('12 Market Street') ? 404 : undefined);
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await stage.receive('2@s.whatsapp.net', 'Do you take cash?');
  const worker = await stage.worker();
  await poll(
    async () => {
      const { closed, dead } = await stage.rows();
      return closed === 3 && dead === 1;
    },
    { timeoutMs: 20_000, what: 'the jobs to end' },
  );
  worker.drain();
  await worker[Symbol.asyncDispose]();
  const call = { id: 'CA1', business_id: 'default', status: 'completed', started_at: new Date() };
  await stage.db.transaction((tx) =>
    changeCall(tx, call, (current) => ({ ...current, outcome: 'completed' })),
  );
  await saveRecording(stage.db, {
    id: '00000000-0000-4000-8000-000000000001',
    callId: 'CA1',
    mediaType: 'audio/wav',
    durationMs: 20,
    audio: new Uint8Array(160),
  });
  await recordAudit(stage.db, { role: 'admin', action: 'GET /api/audit' });
}

test('deletes each kind after its retention time', async () => {
  await fill();
  expect(await apply(28)).toEqual({});
  expect(lines).toEqual([]);

  expect(await apply(31)).toEqual({});
  lines.length = 0;
  await age('30 minutes');
  expect(await apply(31)).toEqual({ dead_letters: 1 });
  expect(lines).toMatchObject([
    { msg: expect.stringContaining('the dead letter is near its limit') as unknown },
    { msg: 'jobs in the dead letter are too old: they are dropped' },
  ]);
  expect(lines[1]?.job_ids).toHaveLength(1);

  expect(await apply(91)).toEqual({ recordings: 1 });
  // The conversation of the failed message waits for a person.
  const waiting = { conversation_events: 1 };
  expect(await apply(366)).toEqual({ messages: 4, ...waiting, conversations: 2, calls: 1, audit: 1 });
  expect(await stage.rows()).toMatchObject({ failed: 1, dead: 0 });
});

test('each round warns once of a dead letter near its limit, before it drops jobs', async () => {
  await fill();
  const warning = (found: object): object => ({
    ...found,
    msg: expect.stringContaining('replayed or purged'),
  });
  expect(await apply(29.5)).toEqual({});
  expect(lines.splice(0)).toMatchObject([warning({ jobs: 1, max: 10_000, expiring: 1 })]);
  for (let round = 0; round < 2; round++) {
    expect(await apply(0, { DEAD_LETTER_MAX: '1' })).toEqual({});
    expect(lines.splice(0)).toMatchObject([warning({ jobs: 1, max: 1, expiring: 0 })]);
  }
});

test('drops jobs only half an hour after the dead letter exceeded a limit, each time again', async () => {
  await fill();
  const warning = { msg: expect.stringContaining('the dead letter is near its limit') as unknown };
  const dropping = { msg: 'jobs in the dead letter are too old: they are dropped' };
  expect(await apply(40)).toEqual({});
  await age('29 minutes');
  expect(await apply(40)).toEqual({});
  // The limit is raised in time, and lowered again.
  expect(await apply(40, { RETENTION_DEAD_LETTER_DAYS: '100' })).toEqual({});
  expect(await apply(40)).toEqual({});
  await age('29 minutes');
  expect(await apply(40)).toEqual({});
  expect(lines.splice(0)).toMatchObject([warning, warning, warning, warning]);
  await age('2 minutes');
  expect(await apply(40)).toEqual({ dead_letters: 1 });
  expect(lines.splice(0)).toMatchObject([warning, dropping]);

  const put = (count: number): Promise<unknown> =>
    stage.db.query(
      `insert into jobs (queue, order_key, payload, failed_at, failure)
       select 'inbound-messages', 'x', '{}', now(), 'x' from generate_series(1, $1)`,
      [count],
    );
  const cap = { DEAD_LETTER_MAX: '1' };
  await put(250);
  expect(await apply(0, cap)).toEqual({});
  await age('31 minutes');
  expect(await apply(0, cap)).toEqual({ dead_letters: 249 });
  // At its maximum the dead letter is always near its limit.
  await put(1);
  expect(await apply(0, cap)).toEqual({});
  await age('31 minutes');
  expect(await apply(0, cap)).toEqual({ dead_letters: 1 });
});

test('keeps everything if all retention times are 0', async () => {
  await fill();
  const forEver = Object.fromEntries(
    Object.keys(Config.properties)
      .filter((name) => name.startsWith('RETENTION_'))
      .map((name) => [name, '0']),
  );
  expect(await apply(36_500, forEver)).toEqual({});
  // The question of the job in the dead letter stays until that job is dropped.
  expect(await apply(36_500, { RETENTION_RECORDINGS_DAYS: '0' })).toMatchObject({ messages: 3 });
  expect(await stage.db.query('select id from calls')).toHaveLength(1);
});

test('keeps open messages, and those whose job is in the dead letter', async () => {
  const open = await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const failed = await stage.receive('2@s.whatsapp.net', 'Do you take cash?');
  await stage.db.query(`update jobs set failed_at = now(), enqueued_at = null where message_id = $1`, [
    failed,
  ]);
  await stage.db.query(`update messages set status = 'failed' where id = $1`, [failed]);
  const days = { RETENTION_DEAD_LETTER_DAYS: '0' };
  expect(await apply(366, days)).toEqual({});
  await stage.db.query('delete from jobs where failed_at is not null');
  expect(await apply(366, days)).toMatchObject({ messages: 1, conversations: 1 });
  expect(await stage.db.query('select id from messages')).toEqual([{ id: open }]);
  expect(await stage.db.query('select message_id from jobs')).toEqual([{ message_id: open }]);
});

test('deletes nothing while another worker is deleting', async () => {
  await fill();
  expect(await withRetentionLock(stage.db, () => apply(366))).toEqual({});
});

test('a round logs what it deleted, and fails if the deletion of a kind failed', async () => {
  await recordAudit(stage.db, { role: 'admin', action: 'one' });
  await stage.db.query("update audit_log set at = now() - interval '366 days'");
  await retentionTask(options())(never);
  expect(lines).toMatchObject([{ msg: 'retention: deleted rows past their limit', deleted: { audit: 1 } }]);
  await stage.db.query('alter table jobs rename to jobs_');
  await expect(retentionTask(options())(never)).rejects.toThrow(/dead_letters/);
});
