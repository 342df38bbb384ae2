import { randomUUID } from 'node:crypto';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database.ts';
import {
  closeMessage,
  closeMessages,
  findMessageById,
  insertReply,
  listHistory,
  recordInbound,
  type InboundInput,
} from './message-repository.ts';
import { migrate } from '../migrate.ts';
import { createSession } from '../whatsapp/whatsapp-session-repository.ts';

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

test('twenty concurrent first messages of a contact create one conversation and are ordered by commit', async () => {
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
  // Each transaction sees all messages with a lower seq as committed.
  const inOrder = outcomes.toSorted((a, b) => a.seq - b.seq).map(({ seen }) => seen);
  expect(inOrder).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('a contact known by phone number and by LID has one conversation, whichever comes first', async () => {
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

test('a reply is written once, and only one caller closes a message', async () => {
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

test('closing a message costs the same however many messages are open', async () => {
  const { conversationId } = await record(inbound('backlog@s.whatsapp.net'));
  const insert = (status: string): Promise<{ id: string }[]> =>
    db.query<{ id: string }>(
      `insert into messages (business_id, conversation_id, session_id, direction, status, text, external_id)
       select 'default', $1, 'shop', 'inbound', $2, 'Hello', $2 || n from generate_series(1, 5000) as n returning id`,
      [conversationId, status],
    );
  // The usual case: the table was last analyzed while few messages were open.
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
    const ends = open.slice(-40).map(({ id }) => ({ id, end: { status: 'answered' } as const }));
    expect(await closeMessages(tx, ends)).toEqual(Array.from(ends, () => true));
    // Each row is read once to lock it and once to update it.
    expect((await rowsRead()) - before).toBeLessThan(100);
  });
});

test('the history of a message has every turn before it, each reply after the message that it answers', async () => {
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

test('closes several messages at once; a message that is listed twice is closed once', async () => {
  const rows = await Promise.all([1, 2, 3].map(() => record(inbound('together@s.whatsapp.net'))));
  const [one, two, three] = rows.map(({ message }) => message.id);
  await closeMessage(db, two!, { status: 'answered' });
  const failed = { status: 'failed', error: 'X' } as const;
  const closed = await closeMessages(db, [
    { id: one!, end: { status: 'sent', externalId: 'E' } },
    { id: two!, end: failed },
    { id: three!, end: failed },
    { id: three!, end: failed },
    { id: randomUUID(), end: failed },
  ]);
  expect(closed).toEqual([true, false, true, false, false]);
  expect(await findMessageById(db, one!)).toMatchObject({ status: 'sent', external_id: 'E' });
  expect((await findMessageById(db, one!))?.sent_at).toBeInstanceOf(Date);
  expect(await findMessageById(db, three!)).toMatchObject({ status: 'failed', error: 'X' });
  expect(await closeMessages(db, [])).toEqual([]);
});
