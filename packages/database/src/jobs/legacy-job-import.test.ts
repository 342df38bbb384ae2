import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@prosaas/devstack';
import { runner } from 'node-pg-migrate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, createDatabase } from '../database.ts';
import { findDeadJob, replayDeadJobs } from './dead-letter-repository.ts';
import {
  type OldDeadLetter,
  addMissingJob,
  deleteOldOutbox,
  importDeadLetters,
  listMessagesWithoutJob,
} from './legacy-job-import.ts';
import { readJobCounts } from './job-counts.ts';
import { addJob, completeJobs } from './job-repository.ts';
import { releaseDue } from './job-release.ts';
import { migrate } from '../migrate.ts';
import { migrationsDirectory, migrationsTable } from '../migrations.ts';
import { job, log } from '../test-support.ts';

const queues = ['inbound-messages', 'outbound-messages'];
let url: string;
let db: Database;

/** Migrates to the schema of the releases before migration 0010. */
async function migrateTo0009(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'prosaas-migrations-'));
  try {
    for (const file of await readdir(migrationsDirectory))
      if (file.endsWith('.sql') && file < '0010') await cp(join(migrationsDirectory, file), join(dir, file));
    await runner({
      databaseUrl: url,
      dir,
      migrationsTable,
      direction: 'up',
      singleTransaction: false,
      verbose: false,
      logger: { info() {}, warn() {}, error() {} },
    });
  } finally {
    await rm(dir, { recursive: true });
  }
}

beforeEach(async () => {
  url = await testDatabase();
  await migrateTo0009();
  db = createDatabase({ url, applicationName: 'test', log });
});
afterEach(() => db[Symbol.asyncDispose]());

interface Row {
  id: string;
  conversation_id: string;
}

/** Inserts a message into a new conversation, or into the conversation of the message `of`. */
async function message(
  direction: 'inbound' | 'outbound',
  {
    status,
    of,
    age = '5 minutes',
    notBefore,
  }: { status?: string; of?: Row; age?: string; notBefore?: Date } = {},
): Promise<Row> {
  const conversation =
    of?.conversation_id ??
    (
      await db.query<{ id: string }>(
        `insert into conversations (business_id, contact) values ('default', $1) returning id`,
        [randomUUID()],
      )
    )[0]!.id;
  const [row] = await db.query<Row>(
    `insert into messages (business_id, conversation_id, direction, status, text, created_at, not_before)
     values ('default', $1, $2, $3, 'hello', now() - $4::interval, $5) returning id, conversation_id`,
    [conversation, direction, status ?? (direction === 'inbound' ? 'received' : 'queued'), age, notBefore],
  );
  return row!;
}

const payloadOf = ({ id, conversation_id: conversationId }: Row): Record<string, string> => ({
  messageId: id,
  conversationId,
  businessId: 'default',
});

// The two statements with which replicas of the previous release add jobs.
const addToOutbox = (
  queue: string,
  of: Row,
  more: { key?: string; runAt?: Date; trace?: string } = {},
): Promise<unknown> =>
  db.query(
    `insert into outbox (queue, key, payload, trace, replay_of, run_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (queue, key) do nothing`,
    [queue, more.key ?? of.id, JSON.stringify(payloadOf(of)), more.trace, undefined, more.runAt],
  );
const addManyToOutbox = (queue: string, rows: readonly Row[]): Promise<unknown> =>
  db.query(
    `insert into outbox (queue, key, payload, trace, replay_of, run_at)
     select queue, key, payload, trace, replay_of, run_at
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::timestamptz[])
         with ordinality as job (queue, key, payload, trace, replay_of, run_at, position)
       order by position
     on conflict (queue, key) do nothing`,
    [
      rows.map(() => queue),
      rows.map(({ id }) => id),
      rows.map((row) => JSON.stringify(payloadOf(row))),
      rows.map(() => null),
      rows.map(() => 'inbound-messages.1.2'),
      rows.map(() => null),
    ],
  );

interface JobState {
  message_id: string;
  queue: string;
  order_key: string;
  is_delayed: boolean;
  is_released: boolean;
}
const jobs = (): Promise<JobState[]> =>
  db.query(
    `select message_id, queue, order_key, is_delayed, enqueued_at is not null as is_released from jobs order by jobs.id`,
  );
const expected = (queue: string, of: Row, isDelayed = false): JobState => ({
  message_id: of.id,
  queue,
  order_key: `${queue === 'inbound-messages' ? 'in' : 'out'}:${of.conversation_id}`,
  is_delayed: isDelayed,
  is_released: false,
});
const inOutbox = (): Promise<unknown[]> => db.query('select 1 from outbox');

test('outbox rows become jobs in the same order, except rows without a message', async () => {
  const [one, answer, delayed, past] = [
    await message('inbound'),
    await message('outbound'),
    await message('inbound'),
    await message('inbound'),
  ];
  const second = await message('inbound', { of: one });
  const runAt = new Date(Date.now() + 600_000);
  await addToOutbox('inbound-messages', one, { trace: '00-a-b-01' });
  await addToOutbox('outbound-messages', answer);
  await addToOutbox('inbound-messages', delayed, { runAt });
  await addToOutbox('inbound-messages', past, { runAt: new Date(Date.now() - 1000) });
  await addToOutbox('inbound-messages', { id: randomUUID(), conversation_id: randomUUID() });
  await addToOutbox('inbound-messages', one, { key: 'not the id of a message' });
  await addToOutbox('inbound-messages', second);
  expect((await migrate({ url, log })).applied).toEqual(
    expect.arrayContaining(['0010_jobs', '0011_outbox_to_jobs']),
  );
  expect(await jobs()).toEqual([
    expected('inbound-messages', one),
    expected('outbound-messages', answer),
    expected('inbound-messages', delayed, true),
    expected('inbound-messages', past),
    expected('inbound-messages', second),
  ]);
  // The rows stay for replicas of the previous release, and for a downgrade.
  expect(await inOutbox()).toHaveLength(7);
  expect(
    await db.query(
      'select trace, payload, business_id, run_at from jobs where message_id = any($1) order by id',
      [[one.id, delayed.id]],
    ),
  ).toMatchObject([
    { trace: '00-a-b-01', payload: payloadOf(one), business_id: 'default' },
    { trace: null, payload: payloadOf(delayed), run_at: runAt },
  ]);
  const released = await db.transaction((tx) => releaseDue(tx, { queues, limit: 10 }));
  expect(new Set(released.map(({ payload }) => payload['messageId']))).toEqual(
    new Set([one, answer, past].map(({ id }) => id)),
  );
  expect(await readJobCounts(db)).toMatchObject({ 'inbound-messages': { inserted: 4, open: 4, pending: 2 } });
});

test('rows that an older replica adds to the outbox after the migration become jobs', async () => {
  await migrate({ url, log });
  const [one, two, answer] = [await message('inbound'), await message('inbound'), await message('outbound')];
  await addToOutbox('inbound-messages', one);
  await addToOutbox('inbound-messages', one);
  await addManyToOutbox('inbound-messages', [two, one]);
  await addManyToOutbox('outbound-messages', [answer]);
  expect(await jobs()).toEqual([
    expected('inbound-messages', one),
    expected('inbound-messages', two),
    expected('outbound-messages', answer),
  ]);
  expect(await inOutbox()).toHaveLength(3);
  await deleteOldOutbox(db);
  expect(await inOutbox()).toHaveLength(3);
  await db.query("update outbox set created_at = now() - interval '61 minutes'");
  await deleteOldOutbox(db);
  expect(await inOutbox()).toEqual([]);
});

test('a job of an older replica waits behind the jobs of this release', async () => {
  await migrate({ url, log });
  const one = await message('inbound');
  const first = await addJob(db, job(`in:${one.conversation_id}`));
  await addToOutbox('inbound-messages', one);
  const { released } = await db.transaction((tx) => completeJobs(tx, [first!]));
  expect(released).toMatchObject([{ payload: payloadOf(one) }]);
});

test('an insert of an older replica does not read all messages', async () => {
  await migrate({ url, log });
  const one = await message('inbound');
  await db.query(
    `insert into messages (business_id, conversation_id, direction, status, text)
     select 'default', $1, 'inbound', 'answered', 'hello' from generate_series(1, 2000)`,
    [one.conversation_id],
  );
  await db.query('analyze messages');
  await db.transaction(async (tx) => {
    await tx.query(`insert into outbox (queue, key, payload) values ('inbound-messages', $1, '{}')`, [
      one.id,
    ]);
    const [read] = await tx.query<{ rows: number }>(
      "select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'messages'",
    );
    expect(read?.rows).toBeLessThan(10);
  });
  expect(await jobs()).toHaveLength(1);
});

const entry = (of: Row, more: Partial<OldDeadLetter> = {}): OldDeadLetter => ({
  queue: 'inbound-messages',
  payload: payloadOf(of),
  reason: 'SEND_REFUSED: no',
  attempts: 8,
  failures: [
    { attempt: 8, error: 'SEND_REFUSED: no', failed_at: '2026-01-01T00:00:00Z', ran_ms: 3, worker: 'w' },
  ],
  trace: '00-a-b-01',
  created_at: '2026-01-01T00:00:00.000Z',
  failed_at: '2026-01-02T00:00:00.000Z',
  ...more,
});

test('dead-letter entries are imported once, in the order of their jobs, even if their message is gone', async () => {
  await migrate({ url, log });
  const [one, answer] = [
    await message('inbound', { status: 'failed' }),
    await message('outbound', { status: 'failed' }),
  ];
  const gone = { id: randomUUID(), conversation_id: randomUUID() };
  const upper = entry(answer, {
    queue: 'outbound-messages',
    payload: { ...payloadOf(answer), messageId: answer.id.toUpperCase() },
    created_at: '2025-12-31T00:00:00.000Z',
    failed_at: '2026-01-03T00:00:00.000Z',
  });
  const entries = [
    entry(one),
    upper,
    entry(gone),
    entry(gone, { payload: {}, created_at: '2026-01-01T01:00:00.000Z' }),
  ];
  const take = (): Promise<number> => db.transaction((tx) => importDeadLetters(tx, entries));
  expect(await take()).toBe(4);
  expect(await take()).toBe(0);
  const rows = await db.query<{ id: string; message_id: string | null; order_key: string }>(
    'select id::text, message_id, order_key from jobs order by jobs.id',
  );
  expect(rows.map(({ message_id: id, order_key: key }) => [id, key])).toEqual([
    [answer.id, `out:${answer.conversation_id}`],
    [one.id, `in:${one.conversation_id}`],
    [null, `in:${gone.conversation_id}`],
    [null, 'in:unknown'],
  ]);
  expect(await findDeadJob(db, { id: rows[1]!.id })).toMatchObject({
    reason: 'SEND_REFUSED: no',
    attempts: 8,
    failures: entry(one).failures,
    trace: '00-a-b-01',
    failed_at: new Date('2026-01-02T00:00:00Z'),
  });
  expect(await readJobCounts(db)).toMatchObject({
    'inbound-messages': { inserted: 3, failed: 3, dead: 3, open: 0 },
  });
  const again = await db.transaction((tx) => replayDeadJobs(tx, [{ id: rows[1]!.id, delaySeconds: 0 }]));
  expect(again.released).toHaveLength(1);
  expect(await take()).toBe(0);
});

test('adds the missing jobs of open messages, and no others', async () => {
  await migrate({ url, log });
  const open = await message('inbound');
  const answer = await message('outbound', { age: '4 minutes' });
  const notBefore = new Date(Date.now() + 600_000);
  const later = await message('inbound', { age: '3 minutes', notBefore });
  const young = await message('inbound', { age: '1 second' });
  const done = await message('inbound', { status: 'answered' });
  const ofProgram = await message('outbound', { of: answer });
  await db.query(`update messages set external_id = '3EB0' where id = $1`, [ofProgram.id]);
  const listed: string[] = [];
  for (let afterSeq = '0'; ;) {
    const [found] = await listMessagesWithoutJob(db, { afterSeq, limit: 1 });
    if (!found) break;
    listed.push(`${found.queue} ${found.id}`);
    afterSeq = found.seq;
  }
  expect(listed).toEqual([
    `inbound-messages ${open.id}`,
    `outbound-messages ${answer.id}`,
    `inbound-messages ${later.id}`,
  ]);
  for (const { id } of [open, open, answer, later, young, done, ofProgram]) await addMissingJob(db, id);
  expect(await jobs()).toEqual([
    expected('inbound-messages', open),
    expected('outbound-messages', answer),
    expected('inbound-messages', later, true),
    expected('inbound-messages', young),
  ]);
  expect(await db.query('select payload from jobs where message_id = $1', [open.id])).toEqual([
    { payload: payloadOf(open) },
  ]);
  expect(await listMessagesWithoutJob(db, { afterSeq: '0', limit: 10 })).toEqual([]);
});
