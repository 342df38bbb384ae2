import { randomUUID } from 'node:crypto';
import { type Database, createDatabase, createSession, eraseContact, migrate } from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PendingAcks, MessageRefused } from '../src/pending-acks.ts';
import type { Receipt } from '../src/receipts.ts';
import { Resender, reasonOf } from '../src/resender.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const CONTACT = '972501234567@s.whatsapp.net';
let db: Database;
let errors: number;
let session: string;
let key: string;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  errors = 0;
  session = randomUUID();
  key = randomUUID();
  await createSession(db, { id: session, businessId: 'default', wanted: 'stopped' });
  await db.query(
    `with talk as (insert into conversations (business_id, session_id, contact) values ('default', $2, $3) returning id)
     insert into messages (id, business_id, conversation_id, session_id, direction, status, text)
     select $1, 'default', id, $2, 'outbound', 'sent', 'hello' from talk`,
    [key, session, CONTACT],
  );
  await db.query(
    `insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, text, status)
     values ($1, $2, $3, '', 'M', 'hello', 'sent')`,
    [session, key, CONTACT],
  );
});

const resender = (waitsMs: number[], database = db): Resender =>
  new Resender({
    db: database,
    log,
    schedule: { waitsMs, everyMs: 10 },
    ackTimeoutMs: 5000,
    onUndelivered: () => (errors += 1),
  });

/** Runs the resender with a session that resends by `resend`, until `isOver`. Returns the number of resends. */
async function running(
  subject: Resender,
  resend: (acks: PendingAcks) => void | Promise<void>,
  isOver: () => Promise<boolean>,
): Promise<number> {
  const ending = new AbortController();
  const acks = new PendingAcks();
  let resends = 0;
  const run = subject.run(
    {
      id: session,
      acks,
      resend: async () => {
        resends += 1;
        await resend(acks);
      },
    },
    ending.signal,
  );
  try {
    await expect.poll(isOver, { timeout: 15_000 }).toBe(true);
  } finally {
    ending.abort(new Error('over'));
    await run;
  }
  return resends;
}

const message = async (): Promise<{ status: string; error: string | null }> => {
  const [row] = await db.query<{ status: string; error: string | null }>(
    'select status, error from messages where id = $1',
    [key],
  );
  return row!;
};
const isUndelivered = async (): Promise<boolean> => (await message()).status === 'undelivered';
const unreadable: Receipt = { kind: 'unreadable', messageIds: ['M'] };
const delivered: Receipt = { kind: 'delivered', messageIds: ['M'] };
const isOpen = async (): Promise<boolean> => {
  const rows = await db.query(
    'select 1 from whatsapp_sends where session_id = $1 and resend_at is not null',
    [session],
  );
  return rows.length > 0;
};

test('a message is given up when WhatsApp refuses a resend, and counted once', async () => {
  const subject = resender([0, 0, 0, 0]);
  await subject.record(session, unreadable);
  const resends = await running(
    subject,
    (acks) => acks.settle('M', new MessageRefused('463')),
    isUndelivered,
  );
  expect(resends).toBe(1);
  expect((await message()).error).toContain('463');
  expect(errors).toBe(1);
});

test('a resend that fails is repeated, up to the schedule', async () => {
  const subject = resender([0, 0, 0]);
  await subject.record(session, unreadable);
  const fail = (): never => {
    throw new Error('no devices');
  };
  expect(await running(subject, fail, isUndelivered)).toBe(2);
  expect(errors).toBe(1);
});

test('a message whose text is not kept is given up', async () => {
  await db.query(`update whatsapp_sends set text = '' where session_id = $1`, [session]);
  const subject = resender([0, 0]);
  await subject.record(session, unreadable);
  expect(await running(subject, () => {}, isUndelivered)).toBe(0);
  expect((await message()).error).toContain('no longer kept');
});

test('a delivery to any device ends the resends, and a later retry receipt does not restart them', async () => {
  const subject = resender([60_000, 60_000]);
  await subject.record(session, unreadable);
  expect(await isOpen()).toBe(true);
  await subject.record(session, delivered);
  await subject.record(session, unreadable);
  expect(await isOpen()).toBe(false);
});

test('a message that was given up becomes sent when it is delivered', async () => {
  const subject = resender([0]);
  await subject.record(session, unreadable);
  await running(subject, () => {}, isUndelivered);
  await subject.record(session, delivered);
  expect(await message()).toEqual({ status: 'sent', error: null });
});

test('a receipt may name several messages', async () => {
  await db.query(
    `insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, text, status)
     values ($1, 'second', $2, '', 'N', 'hello', 'sent')`,
    [session, CONTACT],
  );
  await resender([0]).record(session, { kind: 'delivered', messageIds: ['M', 'N', 'unknown'] });
  const sends = await db.query(
    'select message_id from whatsapp_sends where session_id = $1 and delivered_at is not null order by 1',
    [session],
  );
  expect(sends).toEqual([{ message_id: 'M' }, { message_id: 'N' }]);
});

test('a session without a message to resend makes no queries until it has one', async () => {
  let queries = 0;
  const watched = {
    ...db,
    query: <T>(...given: Parameters<Database['query']>) => {
      queries += 1;
      return db.query<T>(...given);
    },
  } as Database;
  const subject = resender([0], watched);
  let askedWhenIdle: number | undefined;
  let looks = 0;
  await running(
    subject,
    () => {},
    async () => {
      looks += 1;
      // The time of several rounds lies between two looks.
      if (looks === 4) {
        askedWhenIdle = queries;
        await subject.record(session, unreadable);
      }
      return isUndelivered();
    },
  );
  expect(askedWhenIdle).toBe(3);
});

test('a receipt for an unknown message or one of another session changes nothing', async () => {
  const subject = resender([0]);
  const other = randomUUID();
  await createSession(db, { id: other, businessId: 'default', wanted: 'stopped' });
  await subject.record(other, unreadable);
  await subject.record(other, { ...delivered, messageIds: ['M', 'N'] });
  expect(await message()).toEqual({ status: 'sent', error: null });
  expect(await isOpen()).toBe(false);
});

test('resends are erased with their contact', async () => {
  const subject = resender([60_000, 60_000]);
  await subject.record(session, unreadable);
  await db.transaction((tx) => eraseContact(tx, { contact: CONTACT, businessId: undefined }));
  expect(await db.query('select 1 from whatsapp_sends where session_id = $1', [session])).toEqual([]);
});

test.each([
  [{ text: 'x', requests: 1, resends: 1 }, 'asked for once and sent again once in 38 min'],
  [{ text: 'x', requests: 7, resends: 4 }, 'asked for 7 times and sent again 4 times in 38 min'],
  [{ text: '', requests: 7, resends: 4 }, 'its text is no longer kept'],
])('the reason of %j', (due, words) => {
  const requested_at = new Date('2026-01-01T00:00:00Z');
  expect(reasonOf({ ...due, requested_at }, new Date('2026-01-01T00:38:10Z'))).toContain(words);
});
