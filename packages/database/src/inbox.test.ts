import { randomUUID } from 'node:crypto';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from './database.ts';
import {
  closeMessage,
  findMessageById,
  findOldestOpen,
  insertReply,
  listHistory,
  listOverdue,
  messageCloser,
  recordInbound,
  type InboundInput,
} from './message-repository.ts';
import { migrate } from './migrate.ts';
import { addToOutbox, readOutboxBacklog, takeFromOutbox } from './outbox-repository.ts';
import { createSession } from './whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

function inbound(contact: string, more: Partial<InboundInput> = {}): InboundInput {
  return {
    sessionId: 'shop',
    businessId: 'default',
    contact,
    externalId: randomUUID(),
    text: 'Hello',
    sentAt: new Date('2026-01-02T03:04:05Z'),
    ...more,
  };
}

const record = (input: InboundInput): ReturnType<typeof recordInbound> =>
  db.transaction((tx) => recordInbound(tx, input));

test('one message delivered ten times at once is accepted once', async () => {
  const input = inbound('once@s.whatsapp.net');
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => record(input)));
  expect(outcomes.filter(({ fresh }) => fresh)).toHaveLength(1);
  expect(new Set(outcomes.map(({ message }) => message.id)).size).toBe(1);
  expect(outcomes[0]?.message).toMatchObject({ status: 'received', sent_at: input.sentAt, seq: /^\d+$/ });
});

test('twenty first messages of one contact at once make one conversation, and their order is that of their commits', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () =>
      db.transaction(async (tx) => {
        const { message, conversationId } = await recordInbound(tx, inbound('crowd@s.whatsapp.net'));
        const [row] = await tx.query<{ seen: number }>(
          'select count(*)::int as seen from messages where conversation_id = $1 and seq <= $2::bigint',
          [conversationId, message.seq],
        );
        return { seq: Number(message.seq), conversationId, seen: row?.seen };
      }),
    ),
  );
  expect(new Set(outcomes.map(({ conversationId }) => conversationId)).size).toBe(1);
  // Whoever has a higher seq saw all lower ones committed.
  const inOrder = outcomes.toSorted((a, b) => a.seq - b.seq).map(({ seen }) => seen);
  expect(inOrder).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('a contact known by phone number and by LID has one conversation, whichever name came first', async () => {
  const lid = '77@lid';
  const phone = '972500000077@s.whatsapp.net';
  const [first, second] = await Promise.all([
    record(inbound(phone, { altContact: lid })),
    record(inbound(lid, { altContact: phone })),
  ]);
  const third = await record(inbound(lid));
  expect(second?.conversationId).toBe(first?.conversationId);
  expect(third.conversationId).toBe(first?.conversationId);
});

test('a message delivered under both names of its contact is accepted once', async () => {
  const lid = '78@lid';
  const phone = '972500000078@s.whatsapp.net';
  const externalId = randomUUID();
  expect(await record(inbound(phone, { altContact: lid, externalId }))).toMatchObject({ fresh: true });
  expect(await record(inbound(lid, { externalId }))).toMatchObject({ fresh: false });
});

test('a reply is written once, and a message closed by one caller alone', async () => {
  const { message } = await record(inbound('reply@s.whatsapp.net'));
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => db.transaction((tx) => insertReply(tx, message, 'Hi'))),
  );
  expect(replies.filter((reply) => reply !== undefined)).toHaveLength(1);
  const closed = await Promise.all(
    Array.from({ length: 5 }, () => closeMessage(db, message.id, { status: 'answered' })),
  );
  expect(closed.filter(Boolean)).toHaveLength(1);
  expect(await closeMessage(db, message.id, { status: 'failed', error: 'late' })).toBe(false);
  expect(await findMessageById(db, message.id)).toMatchObject({ status: 'answered', error: null });
});

test('what a message costs to close does not grow with how many are open', async () => {
  const { conversationId } = await record(inbound('backlog@s.whatsapp.net'));
  const insert = (status: string): Promise<{ id: string }[]> =>
    db.query<{ id: string }>(
      `insert into messages (business_id, conversation_id, session_id, direction, status, text, external_id)
       select 'default', $1, 'shop', 'inbound', $2, 'Hello', $2 || n from generate_series(1, 5000) as n returning id`,
      [conversationId, status],
    );
  // As on most days, the planner knows of little that is open.
  await insert('answered');
  await db.query('vacuum analyze messages');
  const open = await insert('received');
  await db.transaction(async (tx) => {
    const rowsRead = async (): Promise<number> => {
      const [read] = await tx.query<{ rows: number }>(
        "select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'messages'",
      );
      return read?.rows ?? 0;
    };
    const before = await rowsRead();
    const close = messageCloser(tx);
    const closed = await Promise.all(open.slice(-40).map(({ id }) => close(id, { status: 'answered' })));
    expect(closed).toEqual(Array.from(closed, () => true));
    expect((await rowsRead()) - before).toBe(40);
  });
});

test('the history of a message is every turn before it, a reply behind what it answers', async () => {
  const contact = 'history@s.whatsapp.net';
  const one = await record(inbound(contact, { text: 'one' }));
  const two = await record(inbound(contact, { text: 'two' }));
  const three = await record(inbound(contact, { text: 'three' }));
  await insertReply(db, one.message, 'reply to one');
  await insertReply(db, two.message, 'reply to two');
  const history = async (beforeSeq: string, limit = 100, textLimit = 100): Promise<string[]> =>
    (await listHistory(db, { conversationId: one.conversationId, beforeSeq, limit, textLimit })).map(
      ({ text }) => text,
    );
  expect(await history(three.message.seq)).toEqual(['one', 'reply to one', 'two', 'reply to two']);
  expect(await history(two.message.seq)).toEqual(['one', 'reply to one']);
  expect(await history(three.message.seq, 2)).toEqual(['two', 'reply to two']);
  expect(await history(three.message.seq, 2, 5)).toEqual(['two', 'reply']);
});

test('the oldest open message of a conversation is found, direction by direction', async () => {
  const contact = 'open@s.whatsapp.net';
  const one = await record(inbound(contact));
  const two = await record(inbound(contact));
  const oldest = (direction: 'inbound' | 'outbound'): ReturnType<typeof findOldestOpen> =>
    findOldestOpen(db, { conversationId: one.conversationId, direction, ownId: one.message.id });
  expect((await oldest('inbound'))?.id).toBe(one.message.id);
  expect(await oldest('outbound')).toBeUndefined();
  const reply = await insertReply(db, one.message, 'Hi');
  await closeMessage(db, one.message.id, { status: 'failed', error: 'x' });
  expect((await oldest('inbound'))?.id).toBe(two.message.id);
  expect((await oldest('outbound'))?.id).toBe(reply?.id);
  await closeMessage(db, two.message.id, { status: 'answered' });
  expect(await oldest('inbound')).toBeUndefined();
});

test('a message that is not due yet keeps its conversation from nothing, and its own job does it at once', async () => {
  const contact = 'later@s.whatsapp.net';
  const one = await record(inbound(contact));
  const two = await record(inbound(contact));
  const oldestFor = async (ownId: string): Promise<string | undefined> =>
    (await findOldestOpen(db, { conversationId: one.conversationId, direction: 'inbound', ownId }))?.id;
  const setDue = (minutes: number): Promise<unknown> =>
    db.query('update messages set not_before = now() + make_interval(mins => $2) where id = $1', [
      one.message.id,
      minutes,
    ]);
  await setDue(5);
  expect(await oldestFor(two.message.id)).toBe(two.message.id);
  expect(await oldestFor(one.message.id)).toBe(one.message.id);
  await setDue(-5);
  expect(await oldestFor(two.message.id)).toBe(one.message.id);
});

test('a message is overdue by when it was due', async () => {
  const { message } = await record(inbound('overdue@s.whatsapp.net'));
  const isOverdue = async (): Promise<boolean> => {
    const olderThan = new Date(Date.now() - 60_000);
    const found = await listOverdue(db, { olderThan, afterSeq: String(Number(message.seq) - 1), limit: 1 });
    return found[0]?.id === message.id;
  };
  const set = (column: string, minutes: number): Promise<unknown> =>
    db.query(`update messages set ${column} = now() + make_interval(mins => $2) where id = $1`, [
      message.id,
      minutes,
    ]);
  expect(await isOverdue()).toBe(false);
  await set('created_at', -60);
  expect(await isOverdue()).toBe(true);
  await set('not_before', 5);
  expect(await isOverdue()).toBe(false);
  await set('not_before', -5);
  expect(await isOverdue()).toBe(true);
});

test('an outbox row is written once per key, rolls back with its transaction, and is taken by one relay at a time', async () => {
  const job = { queue: 'inbound-messages', key: 'k', payload: { text: 'שלום' } };
  await expect(
    db.transaction(async (tx) => {
      await addToOutbox(tx, job);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect((await readOutboxBacklog(db)).waiting).toBe(0);
  await addToOutbox(db, job);
  await addToOutbox(db, job);
  expect((await readOutboxBacklog(db)).waiting).toBe(1);
  await db.transaction(async (tx) => {
    const mine = await takeFromOutbox(tx, { queues: ['inbound-messages'], limit: 10 });
    expect(mine).toMatchObject([{ key: 'k', payload: { text: 'שלום' } }]);
    const others = await db.transaction((other) =>
      takeFromOutbox(other, { queues: ['inbound-messages'], limit: 10 }),
    );
    expect(others).toEqual([]);
  });
});
