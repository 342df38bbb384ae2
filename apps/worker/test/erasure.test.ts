import { type JobRow, addJob, findOrInsertSend, eraseContact, findJob, insertReply } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { outboundJob } from '@prosaas/queues';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BaileysClient } from '../src/baileys-client.ts';
import type { JobDependencies, JobHandlers } from '../src/job.ts';
import { createHandler } from '../src/jobs/outbound-messages.ts';
import { runRow } from '../src/run-row.ts';
import { type Stage, setStage, silent } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

const contact = '49301234567@s.whatsapp.net';

const erase = (): Promise<unknown> =>
  stage.db.transaction((tx) => eraseContact(tx, { contact, businessId: undefined }));

/** Stores an answer and its job. */
async function reply(): Promise<JobRow> {
  const { db, relay } = stage;
  const asked = await stage.receive(contact, 'Do you take cash?');
  const inbound = {
    id: asked,
    business_id: 'default',
    session_id: 'shop',
    address: null,
    account: null,
  };
  const [row] = await db.query<{ conversation_id: string }>(
    'select conversation_id from messages where id = $1',
    [asked],
  );
  const message = (await insertReply(db, { ...inbound, conversation_id: row!.conversation_id }, 'Yes'))!;
  const released = (await db.transaction((tx) => addJob(tx, outboundJob(message))))!;
  relay.enqueue([released]);
  return (await findJob(db, released.id))!;
}

test('jobs of an erased contact that wait in BullMQ find nothing to do', async () => {
  await reply();
  const waiting = 2;
  await poll(async () => (await stage.totals()).enqueued === waiting, { what: 'BullMQ to have the jobs' });
  await erase();
  await stage.worker();
  await poll(async () => (await stage.totals()).completed === waiting, { what: 'the jobs to end' });
  expect(stage.baileys.requests).toBe(0);
  expect(await stage.totals()).toMatchObject({ failed: 0 });
  expect(await stage.rows()).toMatchObject({ open: 0, failed: 0, dead: 0 });
});

test.each([
  ['is sent', () => Promise.resolve({ id: 'WA-1' })],
  ['fails', () => Promise.reject(new Error('no ack'))],
])('deletes the record of a send that %s after its contact was erased', async (_how, end) => {
  const row = await reply();
  const { db } = stage;
  const baileys: BaileysClient = {
    async sendText({ key, session, chatId, text }) {
      await erase();
      await findOrInsertSend(db, {
        sessionId: session,
        key,
        chatId,
        bodyHash: 'hash',
        messageId: '3EB0',
        text,
      });
      return end();
    },
  };
  const handler = createHandler({ db, baileys } as JobDependencies);
  const never = new AbortController().signal;
  const handlers = { 'outbound-messages': handler } as JobHandlers;
  await runRow({ db, handlers, instance: 'test' }, row, { signal: never, log: silent });
  expect(await db.query('select key from whatsapp_sends')).toEqual([]);
});
