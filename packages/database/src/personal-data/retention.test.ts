import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordAudit } from '../people/audit-repository.ts';
import { changeCall } from '../calls/call-repository.ts';
import { markOptedOut } from '../conversations/conversation-repository.ts';
import { type Database, createDatabase } from '../database.ts';
import { addJob } from '../jobs/job-repository.ts';
import { purgeDeadJobs } from '../jobs/dead-letter-repository.ts';
import { failJobs } from '../jobs/job-failure-repository.ts';
import { closeMessage, insertReply, recordInbound } from '../conversations/message-repository.ts';
import { migrate } from '../migrate.ts';
import { saveRecording } from '../calls/recording-repository.ts';
import {
  deleteEmptyConversations,
  deleteOldAudit,
  deleteOldCalls,
  deleteOldMessages,
  deleteOldRecordings,
  withRetentionLock,
} from './retention.ts';
import { createSession } from '../whatsapp/whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const later = new Date(Date.now() + 3600_000);
const earlier = new Date(Date.now() - 3600_000);
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() =>
  db.query('truncate conversations, messages, jobs, calls, recordings, recording_parts, audit_log cascade'),
);

let received = 0;
const receive = (contact = '1@s.whatsapp.net'): ReturnType<typeof recordInbound> =>
  db.transaction((tx) =>
    recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      externalId: `E${++received}`,
      text: 'hello',
      sentAt: new Date(),
    }),
  );
async function receiveAnswered(contact?: string): Promise<{ id: string; conversationId: string }> {
  const { message, conversationId } = await receive(contact);
  await closeMessage(db, message.id, { status: 'answered' });
  return { id: message.id, conversationId };
}

test('one caller at a time holds the retention lock, and a failed batch releases it', async () => {
  const first = Promise.withResolvers<void>();
  const inside = Promise.withResolvers<void>();
  const running = withRetentionLock(db, async () => {
    inside.resolve();
    await first.promise;
    throw new Error('a batch that failed');
  });
  await inside.promise;
  expect(await withRetentionLock(db, async () => 'mine')).toBeUndefined();
  first.resolve();
  await expect(running).rejects.toThrow('a batch that failed');
  expect(await withRetentionLock(db, async () => 'mine')).toBe('mine');
});

test('deletes old messages in batches, oldest first, except open ones and those with a job in the dead letter', async () => {
  const one = await receiveAnswered();
  await receive();
  const failed = await receive();
  const job = await addJob(db, {
    queue: 'inbound-messages',
    orderKey: 'a',
    messageId: failed.message.id,
    payload: {},
  });
  await db.transaction((tx) => failJobs(tx, [job!], 'X'));
  const two = await receiveAnswered();
  const left = async (): Promise<string[]> =>
    (await db.query<{ id: string }>("select id from messages where status <> 'received' order by seq")).map(
      ({ id }) => id,
    );
  expect(await deleteOldMessages(db, earlier, 10)).toBe(0);
  expect(await deleteOldMessages(db, later, 1)).toBe(1);
  expect(await left()).toEqual([failed.message.id, two.id]);
  expect(one.conversationId).toBe(two.conversationId);
  expect(await deleteOldMessages(db, later, 10)).toBe(1);
  expect(await left()).toEqual([failed.message.id]);
  await purgeDeadJobs(db, [job!.id]);
  expect(await deleteOldMessages(db, later, 10)).toBe(1);
  expect(await left()).toEqual([]);
  expect(await db.query('select status from messages')).toEqual([{ status: 'received' }]);
});

test('a queued reply outlives the message that it answers', async () => {
  const { message } = await receive();
  const reply = await insertReply(db, message, 'hello yourself');
  expect(await deleteOldMessages(db, later, 10)).toBe(0);
  await closeMessage(db, message.id, { status: 'answered' });
  expect(await deleteOldMessages(db, later, 10)).toBe(1);
  expect(await db.query('select id, in_reply_to from messages')).toEqual([
    { id: reply?.id, in_reply_to: null },
  ]);
});

test('deletes a conversation without messages, unless the contact opted out', async () => {
  const gone = await receiveAnswered('1@s.whatsapp.net');
  const optedOut = await receiveAnswered('2@s.whatsapp.net');
  await markOptedOut(db, optedOut.conversationId);
  const full = await receiveAnswered('3@s.whatsapp.net');
  await db.query('delete from messages where id = any($1)', [[gone.id, optedOut.id]]);
  expect(await deleteEmptyConversations(db, earlier, 10)).toBe(0);
  expect(await deleteEmptyConversations(db, later, 10)).toBe(1);
  const left = await db.query<{ id: string }>('select id from conversations order by contact');
  expect(left.map(({ id }) => id)).toEqual([optedOut.conversationId, full.conversationId]);
});

test('does not delete a conversation into which a message is being written', async () => {
  const { id, conversationId } = await receiveAnswered();
  await db.query('delete from messages where id = $1', [id]);
  const removed = await db.transaction(async (tx) => {
    await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact: '1@s.whatsapp.net',
      externalId: 'again',
      text: 'hello again',
      sentAt: new Date(),
    });
    return deleteEmptyConversations(db, later, 10);
  });
  expect(removed).toBe(0);
  expect(await db.query('select id from conversations')).toEqual([{ id: conversationId }]);
});

test('deletes old calls in batches, except open calls and calls with a recording', async () => {
  for (const [id, outcome] of [
    ['CA1', 'completed'],
    ['CA2', 'error'],
    ['CA3', null],
    ['CA4', 'completed'],
  ] as const) {
    const call = { id, business_id: 'default', status: 'completed', started_at: new Date() };
    await db.transaction((tx) => changeCall(tx, call, (current) => ({ ...current, outcome })));
  }
  await saveRecording(db, {
    id: '00000000-0000-4000-8000-000000000001',
    callId: 'CA4',
    mediaType: 'audio/wav',
    durationMs: 20,
    audio: new Uint8Array(160),
  });
  expect(await deleteOldCalls(db, earlier, 10)).toBe(0);
  expect(await deleteOldCalls(db, later, 1)).toBe(1);
  expect(await deleteOldCalls(db, later, 10)).toBe(1);
  expect(await db.query('select id from calls order by id')).toEqual([{ id: 'CA3' }, { id: 'CA4' }]);
  expect(await deleteOldRecordings(db, earlier, 10)).toBe(0);
  expect(await deleteOldRecordings(db, later, 10)).toBe(1);
  expect(await deleteOldCalls(db, later, 10)).toBe(1);
});

test('deletes the oldest audit entries first', async () => {
  for (const action of ['one', 'two', 'three']) await recordAudit(db, { role: 'admin', action });
  await db.query("update audit_log set at = now() - interval '2 hours' where action <> 'three'");
  expect(await deleteOldAudit(db, earlier, 1)).toBe(1);
  expect(await db.query('select action from audit_log order by id')).toEqual([
    { action: 'two' },
    { action: 'three' },
  ]);
  expect(await deleteOldAudit(db, earlier, 10)).toBe(1);
  expect(await deleteOldAudit(db, earlier, 10)).toBe(0);
});
