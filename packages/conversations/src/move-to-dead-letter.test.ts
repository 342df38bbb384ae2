import {
  type Database,
  type JobRef,
  addJob,
  createDatabase,
  insertReply,
  listConversationEvents,
  lockConversation,
  migrate,
  orderKeys,
  recordInbound,
  recordPersonMessage,
  replayDeadJobs,
} from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyEvent } from './apply-event.ts';
import { moveToDeadLetter } from './move-to-dead-letter.ts';
import type { ConversationEvent } from './state-machine.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;
let contact: string;
let id: string;
let count = 0;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await db.query(`insert into whatsapp_sessions (id, business_id) values ('shop', 'default')`);
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => {
  contact = `${(count += 1)}00000@s.whatsapp.net`;
});

interface Written {
  id: string;
  /** The id of its job. */
  job: string;
}

/** The customer writes. */
const ask = (): Promise<Written> =>
  db.transaction(async (tx) => {
    const input = { sessionId: 'shop', businessId: 'default', contact, text: 'Hello', sentAt: new Date() };
    const { message } = await recordInbound(tx, { ...input, externalId: randomUUID() });
    id = message.conversation_id;
    return { id: message.id, job: await jobOf(tx, message.id, 'inbound') };
  });
/** A person writes, over REST. */
const write = (author: 'person' | 'program' = 'person'): Promise<Written> =>
  db.transaction(async (tx) => {
    const input = { id: randomUUID(), conversationId: id, businessId: 'default', text: 'Yes', author };
    await lockConversation(tx, id);
    await recordPersonMessage(tx, input);
    if (author === 'person') await applyEvent(tx, id, { type: 'person_wrote' }, { actor: 'person' });
    return { id: input.id, job: await jobOf(tx, input.id, 'outbound') };
  });
/** The agent answers. */
const answer = (asked: Written): Promise<Written> =>
  db.transaction(async (tx) => {
    const inbound = { id: asked.id, business_id: 'default', conversation_id: id, session_id: 'shop' };
    const reply = await insertReply(tx, { ...inbound, address: null, account: null }, 'Answer');
    await tx.query(`update messages set status = 'answered' where id = $1`, [asked.id]);
    await tx.query('delete from jobs where message_id = $1', [asked.id]);
    return { id: reply!.id, job: await jobOf(tx, reply!.id, 'outbound') };
  });
async function jobOf(
  tx: Parameters<typeof addJob>[0],
  messageId: string,
  direction: keyof typeof orderKeys,
): Promise<string> {
  const orderKey = orderKeys[direction](id);
  await addJob(tx, { queue: `${direction}-messages`, orderKey, messageId, payload: {} });
  const jobs = await tx.query<{ id: string }>('select id::text as id from jobs where message_id = $1', [
    messageId,
  ]);
  return jobs[0]!.id;
}

const fail = async (...written: Written[]): ReturnType<typeof moveToDeadLetter> => {
  // The release has changed for jobs that were released since.
  const jobs = await db.query<JobRef>(
    'select id::text as id, release from jobs where message_id = any($1::uuid[]) order by array_position($1::uuid[], message_id)',
    [written.map(({ id: messageId }) => messageId)],
  );
  return db.transaction((tx) => moveToDeadLetter(tx, jobs, 'X: no'));
};
const apply = (event: ConversationEvent): Promise<unknown> =>
  db.transaction((tx) => applyEvent(tx, id, event, { actor: 'system' }));
const sent = ({ id: messageId }: Written): Promise<unknown> =>
  db.query(`update messages set status = 'sent', sent_at = now() where id = $1`, [messageId]);
const statusOf = async (...written: Written[]): Promise<unknown[]> =>
  Promise.all(
    written.map(async (one) => {
      const [row] = await db.query<{ status: string }>('select status from messages where id = $1', [one.id]);
      return row?.status;
    }),
  );
async function state(): Promise<unknown[]> {
  const [row] = await db.query<{ state: string; state_reason: string }>(
    'select state, state_reason from conversations where id = $1',
    [id],
  );
  return [row?.state, row?.state_reason];
}

test("when the agent's answer fails, the question and the conversation wait for a person", async () => {
  const asked = await ask();
  const reply = await answer(asked);
  expect(await fail(reply)).toMatchObject({ failed: 1, handedOver: 1 });
  expect(await statusOf(asked, reply)).toEqual(['waiting_for_person', 'failed']);
  expect(await state()).toEqual(['waiting', 'failure']);
  // A repeat changes nothing.
  expect(await fail(reply)).toEqual({ failed: 0, released: [], handedOver: 0 });
  expect(await listConversationEvents(db, { conversationId: id, limit: 9 })).toHaveLength(1);
});

test("when a person's message fails she keeps the conversation, which waits when her time is over", async () => {
  const old = await ask();
  await sent(await answer(old));
  const [first, second] = [await ask(), await ask()];
  const written = await write();
  expect(await statusOf(first, second)).toEqual(['answered', 'answered']);
  expect(await fail(written)).toMatchObject({ handedOver: 0 });
  expect(await state()).toEqual(['person', 'person_wrote']);
  expect(await statusOf(old, first, second)).toEqual([
    'answered',
    'waiting_for_person',
    'waiting_for_person',
  ]);
  await apply({ type: 'time_up' });
  expect(await state()).toEqual(['waiting', 'person_left']);
});

test("when a person's message fails after the agent took over, the conversation waits", async () => {
  const asked = await ask();
  const written = await write();
  await apply({ type: 'time_up' });
  expect(await state()).toEqual(['agent', null]);
  expect(await fail(written)).toMatchObject({ handedOver: 1 });
  expect(await statusOf(asked)).toEqual(['waiting_for_person']);
  expect(await state()).toEqual(['waiting', 'failure']);
});

test("a question stays answered until the last of the person's messages has failed", async () => {
  const asked = await ask();
  const [first, second] = [await write(), await write()];
  await fail(first);
  expect(await statusOf(asked)).toEqual(['answered']);
  await fail(second);
  expect(await statusOf(asked)).toEqual(['waiting_for_person']);
  const [third, fourth] = [await write(), await write()];
  expect(await statusOf(asked)).toEqual(['answered']);
  await fail(third, fourth);
  expect(await statusOf(asked)).toEqual(['waiting_for_person']);
});

test("when a program's message fails, nobody waits", async () => {
  const asked = await ask();
  await sent(await answer(asked));
  expect(await fail(await write('program'))).toMatchObject({ failed: 1 });
  expect(await state()).toEqual(['agent', null]);
  expect(await statusOf(asked)).toEqual(['answered']);
});

test('a question that the agent failed to answer is answered when a person writes, and is not replayed then', async () => {
  const [asked, kept] = [await ask(), await ask()];
  await fail(asked);
  await apply({ type: 'taken_over' });
  await apply({ type: 'time_up' });
  expect(await state()).toEqual(['waiting', 'person_left']);
  await fail(kept);
  await sent(await write());
  expect(await statusOf(asked, kept)).toEqual(['answered', 'answered']);
  const replay = [{ id: asked.job, delaySeconds: 0 }];
  const { replayed } = await db.transaction((tx) => replayDeadJobs(tx, replay));
  expect(replayed.size).toBe(0);
  expect(await statusOf(asked)).toEqual(['answered']);
  await apply({ type: 'time_up' });
  expect(await state()).toEqual(['agent', null]);
});

test('giving a conversation back ignores a question that the agent failed to answer', async () => {
  const asked = await ask();
  await fail(asked);
  await apply({ type: 'given_back' });
  expect(await statusOf(asked)).toEqual(['ignored']);
  await apply({ type: 'taken_over' });
  await apply({ type: 'time_up' });
  expect(await state()).toEqual(['agent', null]);
});

test('concurrent calls for jobs of many conversations fail each job once and log one event per conversation', async () => {
  const chats: { conversation: string; written: Written[] }[] = [];
  for (let nth = 0; nth < 20; nth++) {
    contact = `${(count += 1)}00000@s.whatsapp.net`;
    const [first, second] = [await ask(), await ask()];
    chats.push({ conversation: id, written: [first, second] });
  }
  const backwards = chats.toReversed();
  const all = (list: typeof chats): Written[] => list.flatMap(({ written }) => written);
  const outcomes = await Promise.all([
    fail(...all(chats)),
    fail(...all(backwards)),
    ...backwards.map(({ written }) => fail(...written)),
  ]);
  expect(outcomes.reduce((sum, { failed }) => sum + failed, 0)).toBe(40);
  for (const { conversation, written } of chats) {
    id = conversation;
    expect(await state()).toEqual(['waiting', 'failure']);
    expect(await statusOf(...written)).toEqual(['failed', 'failed']);
    expect(await listConversationEvents(db, { conversationId: id, limit: 9 })).toHaveLength(1);
  }
});
