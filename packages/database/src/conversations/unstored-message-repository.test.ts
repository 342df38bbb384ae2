import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { exportContact } from '../personal-data/contact-data.ts';
import { eraseContact } from '../personal-data/contact-erasure.ts';
import { createDatabase, type Database } from '../database.ts';
import { recordInbound } from './message-repository.ts';
import { migrate } from '../migrate.ts';
import {
  countUnstoredMessages,
  deleteOldUnstoredMessages,
  expirePlaceholders,
  addPlaceholder,
  listUnstoredMessages,
  quarantineMessage,
  deletePlaceholder,
} from './unstored-message-repository.ts';
import { createSession } from '../whatsapp/whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('delete from unstored_messages');
  await db.query('delete from conversations');
});

const message = {
  businessId: 'default',
  sessionId: 'shop',
  contact: '491@s.whatsapp.net',
  altContact: '77@lid',
  externalId: 'A1',
  reason: 'no_content',
};
const raw = Buffer.from('{"content":""}');
const record = (more = {}): Promise<unknown> =>
  db.transaction((tx) => recordInbound(tx, { ...message, text: 'hello', sentAt: new Date(), ...more }));
const listed = () => listUnstoredMessages(db, { limit: 50 });

test('a placeholder exists once for all names of a contact, and the message itself deletes it', async () => {
  expect(await addPlaceholder(db, message)).toBe(true);
  expect(await addPlaceholder(db, message)).toBe(false);
  await record({ contact: '88@lid', altContact: undefined });
  expect(await countUnstoredMessages(db)).toEqual({ quarantined: 0, pending: 1, expired: 0 });
  await record({ contact: '77@lid', altContact: undefined });
  expect(await listed()).toEqual([]);
});

test('adds no placeholder for a stored message', async () => {
  await record({ contact: '77@lid', altContact: '491@s.whatsapp.net' });
  expect(await addPlaceholder(db, message)).toBe(false);
  expect(await addPlaceholder(db, { ...message, externalId: 'A2' })).toBe(true);
});

test('deletes the placeholder of something that is not a message', async () => {
  await addPlaceholder(db, message);
  await deletePlaceholder(db, { ...message, contact: '99@s.whatsapp.net', altContact: undefined });
  expect(await listed()).toHaveLength(1);
  await deletePlaceholder(db, message);
  expect(await listed()).toEqual([]);
});

test('a message can be quarantined whatever its data, and replaces its placeholder', async () => {
  await addPlaceholder(db, message);
  expect(await quarantineMessage(db, { ...message, raw })).toBe(true);
  expect(await quarantineMessage(db, { ...message, raw })).toBe(false);
  const odd = { externalId: `\0${'\u{D800}x'.repeat(5000)}`, reason: '\0'.repeat(5000) };
  expect(await quarantineMessage(db, { ...message, ...odd, raw })).toBe(true);
  expect(await countUnstoredMessages(db)).toEqual({ quarantined: 2, pending: 0, expired: 0 });
  await record();
  expect(await listed()).toHaveLength(2);
});

test('quarantine deletes a placeholder with another name of the contact', async () => {
  await addPlaceholder(db, { ...message, contact: '77@lid', altContact: undefined });
  await addPlaceholder(db, { ...message, contact: '88@lid', altContact: undefined });
  expect(await quarantineMessage(db, { ...message, raw })).toBe(true);
  expect((await listed()).map(({ contact, status }) => `${contact} ${status}`).toSorted()).toEqual([
    '491@s.whatsapp.net quarantined',
    '88@lid pending',
  ]);
});

test('a placeholder of a stored message is deleted, not expired', async () => {
  await addPlaceholder(db, { ...message, contact: '77@lid', altContact: undefined });
  await addPlaceholder(db, { ...message, contact: '88@lid', altContact: undefined });
  // A version without placeholders stored the message.
  await record({ externalId: 'other' });
  await db.query(`update messages set external_id = 'A1'`);
  expect(await expirePlaceholders(db, new Date(Date.now() + 60_000))).toBe(1);
  expect(await listed()).toMatchObject([{ contact: '88@lid', status: 'expired' }]);
});

test('placeholders expire with age, quarantined messages do not', async () => {
  await addPlaceholder(db, message);
  await quarantineMessage(db, { ...message, externalId: 'A2', raw });
  expect(await expirePlaceholders(db, new Date(Date.now() - 60_000))).toBe(0);
  expect(await expirePlaceholders(db, new Date(Date.now() + 60_000))).toBe(1);
  expect(await expirePlaceholders(db, new Date(Date.now() + 60_000))).toBe(0);
  expect(await countUnstoredMessages(db)).toEqual({ quarantined: 1, pending: 0, expired: 1 });
  await record();
  expect(await countUnstoredMessages(db)).toEqual({ quarantined: 1, pending: 0, expired: 0 });
});

test('lists newest first, in pages, by business, session and status', async () => {
  for (let n = 0; n < 5; n += 1) await addPlaceholder(db, { ...message, externalId: `L${n}` });
  const all = await listed();
  const [, second] = all;
  const after = second && { receivedAt: second.received_at, id: second.id };
  expect(await listUnstoredMessages(db, { after, limit: 2 })).toEqual(all.slice(2, 4));
  for (const none of [{ businessId: 'other' }, { sessionId: 'other' }, { status: 'quarantined' as const }]) {
    expect(await listUnstoredMessages(db, { ...none, limit: 50 })).toEqual([]);
  }
});

test('an unstored message is exported and erased with the contact under any name, and deleted when it is too old', async () => {
  await quarantineMessage(db, { ...message, raw });
  await addPlaceholder(db, { ...message, contact: '500@s.whatsapp.net', altContact: undefined });
  const query = { contact: '+49 1', businessId: 'default' };
  expect((await exportContact(db, query)).unstored_messages).toMatchObject([
    { contact: message.contact, status: 'quarantined', raw: raw.toString() },
  ]);
  expect(await db.transaction((tx) => eraseContact(tx, { ...query, contact: '77@lid' }))).toMatchObject({
    unstored_messages: 1,
  });
  expect((await exportContact(db, query)).unstored_messages).toEqual([]);
  expect(await deleteOldUnstoredMessages(db, new Date(Date.now() - 60_000), 10)).toBe(0);
  expect(await deleteOldUnstoredMessages(db, new Date(Date.now() + 60_000), 10)).toBe(1);
});

test('export and erasure by phone number include records that have only the LID', async () => {
  await record();
  await addPlaceholder(db, { ...message, contact: '77@lid', altContact: undefined, externalId: 'A2' });
  await db.query(
    `insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, status)
     values ('shop', 'k', '77@lid', 'h', 'm', 'sent')`,
  );
  const query = { contact: '+49 1', businessId: 'default' };
  expect((await exportContact(db, query)).unstored_messages).toMatchObject([{ contact: '77@lid' }]);
  const other = { ...query, businessId: 'other' };
  expect((await exportContact(db, other)).unstored_messages).toEqual([]);
  expect(await db.transaction((tx) => eraseContact(tx, query))).toMatchObject({
    conversations: 1,
    unstored_messages: 1,
  });
  expect(await db.query('select 1 from whatsapp_sends')).toEqual([]);
});
