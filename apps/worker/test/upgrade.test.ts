import { listDeadJobs, recordInbound, type MessageRow } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { keyspace } from '@prosaas/runtime';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Stage, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });

const { bullPrefix } = keyspace('prosaas');
const inbound = 'inbound-messages';

let stage: Stage;
let queues: Queue[];
beforeEach(async () => {
  stage = await setStage();
  queues = [];
});
afterEach(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  await stage[Symbol.asyncDispose]();
});

function open(name: string): Queue {
  const queue = new Queue(name, { connection: stage.redis, prefix: bullPrefix });
  queues.push(queue);
  return queue;
}

const payloadOf = ({ id, conversation_id: conversationId, business_id: businessId }: MessageRow): object => ({
  messageId: id,
  conversationId,
  businessId,
});

let count = 0;

/** Stores a message as a replica of the previous version does, with or without a row in its outbox. */
async function receive(contact: string, { isInOutbox }: { isInOutbox: boolean }): Promise<MessageRow> {
  return stage.db.transaction(async (tx) => {
    const { message } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact: `${contact}@s.whatsapp.net`,
      externalId: `OLD${++count}`,
      text: `Do you take cash? (${count})`,
      sentAt: new Date(),
    });
    if (isInOutbox) {
      await tx.query(
        `insert into outbox (queue, key, payload, trace, replay_of, run_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (queue, key) do nothing`,
        [inbound, message.id, JSON.stringify(payloadOf(message)), null, null, null],
      );
    }
    return message;
  });
}

test('answers messages written by replicas of the previous version once and in order, during and after the upgrade', async () => {
  const jobs = open(inbound);
  const old = async (contact: string): Promise<void> => {
    const message = await receive(contact, { isInOutbox: false });
    await jobs.add(inbound, payloadOf(message), { jobId: message.id, attempts: 8 });
  };
  await old('1');
  // The job of the newer version comes first.
  const older = await receive('4', { isInOutbox: false });
  await old('4');
  await jobs.add(inbound, payloadOf(older), { jobId: older.id });
  await receive('2', { isInOutbox: true });
  const lost = await receive('3', { isInOutbox: false });
  await stage.db.query("update messages set created_at = now() - interval '2 minutes' where id = $1", [
    lost.id,
  ]);
  await stage.worker();
  for (let turn = 0; turn < 10; turn++) {
    await old('1');
    await receive('2', { isInOutbox: true });
    await stage.receive('1@s.whatsapp.net', `May I bring my dog? (${turn})`);
  }
  await poll(
    async () =>
      (await stage.db.query("select from messages where status in ('received', 'queued')")).length === 0,
    { timeoutMs: 90_000, what: 'all messages to be answered' },
  );
  const rows = await stage.db.query<{ contact: string; id: string }>(
    `select c.contact, o.id from messages i join conversations c on c.id = i.conversation_id
     join messages o on o.in_reply_to = i.id order by i.seq`,
  );
  expect(rows).toHaveLength(35);
  const heardBy = (contact: string): string[] =>
    stage.baileys.sent.filter(({ chatId }) => chatId === contact).map(({ key }) => key);
  expect(stage.baileys.sent).toHaveLength(35);
  const rightFor = (contact: string): string[] =>
    rows.filter((row) => row.contact === contact).map(({ id }) => id);
  expect(heardBy('2@s.whatsapp.net')).toEqual(rightFor('2@s.whatsapp.net'));
  expect(heardBy('4@s.whatsapp.net')).toEqual(rightFor('4@s.whatsapp.net'));
  // This version neither takes nor needs them.
  expect(await stage.db.query('select from outbox')).toHaveLength(11);
  await poll(async () => (await stage.rows()).open === 0, { what: 'all jobs to end' });
});

test('imports the dead letter from Redis once, and deletes it there', async () => {
  const message = await receive('1', { isInOutbox: false });
  await stage.db.query(`update messages set status = 'failed', error = 'SEND_REFUSED: x' where id = $1`, [
    message.id,
  ]);
  const deadLetter = open('dead-letter');
  const entry = {
    origin: { queue: inbound, id: message.id },
    payload: payloadOf(message),
    reason: 'SEND_REFUSED: x',
    attempts: 3,
    failures: [{ attempt: 1, error: 'x', failed_at: new Date(0).toISOString(), ran_ms: 5, worker: 'w' }],
    trace: '',
    replay_of: null,
    created_at: new Date(1000).toISOString(),
    started_at: null,
    failed_at: new Date(2000).toISOString(),
  };
  await deadLetter.add(inbound, entry, { jobId: `${inbound}.${message.id}.2000` });
  await deadLetter.add(inbound, entry, { jobId: `${inbound}.${message.id}.3000` });
  await stage.worker();
  await poll(async () => (await deadLetter.getWaitingCount()) === 0, {
    timeoutMs: 30_000,
    what: 'the import',
  });
  const dead = await listDeadJobs(stage.db, {}, { before: undefined, limit: 10 });
  expect(dead).toMatchObject([
    {
      queue: inbound,
      message_id: message.id,
      reason: 'SEND_REFUSED: x',
      attempts: 3,
      failures: entry.failures,
    },
  ]);
  expect(dead[0]?.failed_at).toEqual(new Date(2000));
});

test('a message that a worker of the previous version failed goes to the dead letter', async () => {
  const id = await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.db.query(`update messages set status = 'failed', error = 'SEND_REFUSED: x' where id = $1`, [
    id,
  ]);
  await stage.worker();
  await poll(async () => (await stage.rows()).dead === 1, { timeoutMs: 30_000, what: 'the job to fail' });
  const dead = await listDeadJobs(stage.db, {}, { before: undefined, limit: 10 });
  expect(dead).toMatchObject([{ message_id: id, reason: 'MESSAGE_FAILED: SEND_REFUSED: x' }]);
});

test('a job that failed in BullMQ while its message was open goes to the dead letter', async () => {
  const message = await receive('1', { isInOutbox: false });
  const jobs = open(inbound);
  await jobs.add(inbound, payloadOf(message), { jobId: message.id, attempts: 1 });
  const failing = new Worker(inbound, () => Promise.reject(new UnrecoverableError('NO: \0')), {
    connection: { url: stage.redisServer.url, maxRetriesPerRequest: null },
    prefix: bullPrefix,
  });
  await poll(async () => (await jobs.getFailedCount()) === 1, { what: 'the job to fail' });
  await failing.close();
  await stage.worker();
  await poll(async () => (await stage.rows()).dead === 1, { timeoutMs: 30_000, what: 'the import' });
  expect(await stage.db.query('select status, error from messages')).toEqual([
    { status: 'failed', error: 'NO: ' },
  ]);
});
