import { listDeadJobs, recordInbound, type MessageRow } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { keyspace } from '@prosaas/runtime';
import { Queue } from 'bullmq';
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

/** As a replica of the release before stores it, with a row of the outbox or without. */
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

test('what replicas of the release before write is answered once and in order, during the upgrade and after it', async () => {
  const jobs = open(inbound);
  const old = async (contact: string): Promise<void> => {
    const message = await receive(contact, { isInOutbox: false });
    await jobs.add(inbound, payloadOf(message), { jobId: message.id, attempts: 8 });
  };
  await old('1');
  // The newer one's job comes first.
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
  expect(await stage.db.query('select from outbox')).toEqual([]);
  await poll(async () => (await stage.rows()).open === 0, { what: 'all jobs to be closed' });
});

test('the dead letter in Redis becomes rows, once, and goes', async () => {
  const message = await receive('1', { isInOutbox: false });
  await stage.db.query(`update messages set status = 'failed', error = 'SEND_REFUSED: x' where id = $1`, [
    message.id,
  ]);
  const letters = open('dead-letter');
  const letter = {
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
  await letters.add(inbound, letter, { jobId: `${inbound}.${message.id}.2000` });
  await letters.add(inbound, letter, { jobId: `${inbound}.${message.id}.3000` });
  await stage.worker();
  await poll(async () => (await letters.getWaitingCount()) === 0, { timeoutMs: 30_000, what: 'the import' });
  const dead = await listDeadJobs(stage.db, {}, { before: undefined, limit: 10 });
  expect(dead).toMatchObject([
    {
      queue: inbound,
      message_id: message.id,
      reason: 'SEND_REFUSED: x',
      attempts: 3,
      failures: letter.failures,
    },
  ]);
  expect(dead[0]?.failed_at).toEqual(new Date(2000));
});
