import { randomUUID } from 'node:crypto';
import { poll, testDatabase } from '@prosaas/devstack';
import { type Logger, createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Database, type Queryable, createDatabase } from './database.ts';
import { type NewJob, addJob } from './jobs/job-repository.ts';
import { type ReleasedJob } from './jobs/job-release.ts';
import { type MessageRow, insertReply, recordInbound } from './conversations/message-repository.ts';
import { migrate } from './migrate.ts';
import { createSession } from './whatsapp/whatsapp-session-repository.ts';

export const log: Logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

export interface OnDatabase {
  url: string;
  db: Database;
}

/** A migrated database for a test file, with the session `shop`. Before each test, all jobs, messages and counts are deleted. */
export function onDatabase(): OnDatabase {
  const on = {} as OnDatabase;
  beforeAll(async () => {
    on.url = await testDatabase();
    await migrate({ url: on.url, log });
    on.db = createDatabase({ url: on.url, applicationName: 'test', log });
    await createSession(on.db, { id: 'shop', businessId: 'default', wanted: 'started' });
  });
  afterAll(() => on.db[Symbol.asyncDispose]());
  beforeEach(() =>
    on.db.query('truncate jobs, job_counts, conversations, messages, schedules, warnings cascade'),
  );
  return on;
}

/** Stores an inbound message without its job. */
export async function receive(db: Database, contact = '1@s.whatsapp.net'): Promise<MessageRow> {
  const input = {
    sessionId: 'shop',
    businessId: 'default',
    contact,
    externalId: randomUUID(),
    text: 'hello',
    sentAt: new Date(),
  };
  return (await db.transaction((tx) => recordInbound(tx, input))).message;
}

/** Stores the queued reply to a message without its job. */
export async function reply(db: Database, inbound: MessageRow): Promise<MessageRow> {
  const row = await insertReply(db, inbound, 'hello yourself');
  if (!row) throw new Error('the message has an answer');
  return row;
}

export const job = (orderKey: string, more: Partial<NewJob> = {}): NewJob => ({
  queue: 'inbound-messages',
  orderKey,
  payload: { of: orderKey },
  ...more,
});

/** The job of a message. */
export const jobOf = (message: MessageRow, more: Partial<NewJob> = {}): NewJob =>
  job(`in:${message.conversation_id}`, {
    messageId: message.id,
    businessId: message.business_id,
    payload: { messageId: message.id },
    ...more,
  });

/** Adds a job and returns its id, whether it was released or not. */
export async function add(q: Queryable, added: NewJob): Promise<{ id: string; released?: ReleasedJob }> {
  const released = await addJob(q, added);
  const [row] = await q.query<{ id: string }>('select max(id)::text as id from jobs where order_key = $1', [
    added.orderKey,
  ]);
  return { id: row!.id, ...(released && { released }) };
}

export interface RowState {
  id: string;
  state: 'pending' | 'delayed' | 'released' | 'failed';
  release: number;
}

/** The jobs of a key, by id. */
export const rowsOf = (q: Queryable, key: string): Promise<RowState[]> =>
  q.query(
    `select id::text as id, release, case when failed_at is not null then 'failed' when enqueued_at is not null then 'released'
       when is_delayed then 'delayed' else 'pending' end as state
     from jobs where order_key = $1 order by jobs.id`,
    [key],
  );

export const statesOf = async (q: Queryable, key: string): Promise<RowState['state'][]> =>
  (await rowsOf(q, key)).map(({ state }) => state);

/** Makes delayed jobs due. */
export const makeDue = (q: Queryable): Promise<unknown> =>
  q.query("update jobs set run_at = now() - interval '1 second' where is_delayed");

export interface OpenTransaction extends Queryable {
  commit(): Promise<void>;
}

/** Opens a transaction that stays open until `commit` is called. */
export async function begin(db: Database): Promise<OpenTransaction> {
  const began = Promise.withResolvers<Queryable>();
  const end = Promise.withResolvers<void>();
  const done = db.transaction(async (tx) => {
    began.resolve(tx);
    await end.promise;
  });
  done.catch(began.reject);
  const tx = await began.promise;
  return {
    query: (sql, params) => tx.query(sql, params),
    async commit() {
      end.resolve();
      await done;
    },
  };
}

/** Waits until this many statements of this database wait for a lock. */
export async function untilBlocked(db: Database, statements = 1): Promise<void> {
  await poll(
    async () => {
      const [row] = await db.query<{ waiting: number }>(
        `select count(*)::integer as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row?.waiting === statements;
    },
    { timeoutMs: 10_000, everyMs: 5, what: `${statements} statements to wait for a lock` },
  );
}
