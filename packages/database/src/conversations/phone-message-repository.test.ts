import { randomUUID } from 'node:crypto';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, createDatabase } from '../database.ts';
import { recordInbound } from './message-repository.ts';
import { migrate } from '../migrate.ts';
import { type PhoneMessageInput, recordPhoneMessage } from './phone-message-repository.ts';
import { findOrInsertSend } from '../whatsapp/send-repository.ts';
import { createSession } from '../whatsapp/whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
  await createSession(db, { id: 'other', businessId: 'default', wanted: 'started' });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const written = (contact: string, more: Partial<PhoneMessageInput> = {}): PhoneMessageInput => ({
  sessionId: 'shop',
  businessId: 'default',
  contact,
  externalId: randomUUID(),
  text: randomUUID(),
  kind: 'text',
  sentAt: new Date(),
  ...more,
});
const record = (input: PhoneMessageInput): ReturnType<typeof recordPhoneMessage> =>
  db.transaction((tx) => recordPhoneMessage(tx, input));

test('one message delivered ten times at once is stored once', async () => {
  const input = written('once@s.whatsapp.net');
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => record(input)));
  expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
  expect(await db.query('select 1 from messages where external_id = $1', [input.externalId])).toHaveLength(1);
});

test('a message that a session of the business sent itself is not stored and opens no conversation', async () => {
  const input = written('echo@s.whatsapp.net');
  const send = { key: 'k', chatId: input.contact, bodyHash: '', messageId: input.externalId, text: '' };
  await findOrInsertSend(db, { ...send, sessionId: 'other' });
  expect(await record(input)).toBeUndefined();
  expect(await db.query('select 1 from conversations where contact = $1', [input.contact])).toEqual([]);
});

test('returns the age of a message and the time since the customer wrote last', async () => {
  const contact = 'times@s.whatsapp.net';
  const now = Date.now();
  const ago = (seconds: number): Date => new Date(now - seconds * 1000);
  expect(await record(written(contact, { sentAt: ago(90) }))).toMatchObject({ sinceCustomerMs: null });
  for (const seconds of [80, 70, 20]) {
    const inbound = {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      externalId: randomUUID(),
      text: 'hi',
    };
    // oxlint-disable-next-line no-await-in-loop -- in sequence
    await db.transaction((tx) => recordInbound(tx, { ...inbound, sentAt: ago(seconds) }));
  }
  // The message from 20 s ago is stored already but was written later, so it does not count.
  const message = await record(written(contact, { sentAt: ago(68) }));
  expect(message?.sinceCustomerMs).toBe(2000);
  expect(message?.ageMs).toBeGreaterThanOrEqual(68_000);
  expect(message?.ageMs).toBeLessThan(90_000);
});

test('lists the other chats of the session with the same text within a day', async () => {
  const text = 'We are closed.';
  const chats = async (contact: string, more: Partial<PhoneMessageInput> = {}): Promise<number | undefined> =>
    (await record(written(contact, { text, ...more })))?.sameTexts.length;
  expect(await chats('same-1@s.whatsapp.net')).toBe(0);
  expect(await chats('same-1@s.whatsapp.net')).toBe(0);
  expect(await chats('same-2@s.whatsapp.net')).toBe(1);
  expect(await chats('same-3@s.whatsapp.net', { sessionId: 'other' })).toBe(0);
  expect(await chats('same-4@s.whatsapp.net', { text: 'We are open.' })).toBe(0);
  expect(await chats('same-5@s.whatsapp.net', { kind: 'image' })).toBe(0);
  await db.query(`update messages set created_at = now() - interval '25 hours' where text = $1`, [text]);
  expect(await chats('same-6@s.whatsapp.net')).toBe(0);
});
