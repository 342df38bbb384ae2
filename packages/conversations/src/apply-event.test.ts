import {
  type Database,
  addJob,
  createDatabase,
  findMessageById,
  insertReply,
  listConversationEvents,
  lockConversation,
  migrate,
  recordInbound,
} from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EventSource, applyEvent } from './apply-event.ts';
import type { ConversationEvent } from './state-machine.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;
let id: string;
let sent = 0;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await db.query(`insert into whatsapp_sessions (id, business_id) values ('shop', 'default')`);
  await db.query(
    `insert into people (id, business_id, name, role) values ($1, 'default', 'Dana', 'staff'), ($2, 'default', 'Eli', 'staff')`,
    [dana, eli],
  );
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  id = (await write(`${(sent += 1)}00000@s.whatsapp.net`)).conversation_id;
  await db.query('delete from messages where conversation_id = $1', [id]);
});

const dana = '11111111-1111-4111-8111-111111111111';
const eli = '22222222-2222-4222-8222-222222222222';
const write = async (contact: string): ReturnType<typeof found> => found(await receive(contact));
const receive = (contact: string): Promise<string> =>
  db.transaction(async (tx) => {
    const input = { sessionId: 'shop', businessId: 'default', contact, text: 'Hello', sentAt: new Date() };
    const { message } = await recordInbound(tx, { ...input, externalId: `X${(sent += 1)}` });
    return message.id;
  });
async function found(messageId: string): Promise<NonNullable<Awaited<ReturnType<typeof findMessageById>>>> {
  return (await findMessageById(db, messageId))!;
}
const contactOf = async (): Promise<string> =>
  (await db.transaction((tx) => lockConversation(tx, id)))!.contact;

const apply = (event: ConversationEvent, source: EventSource = { actor: 'system' }): Promise<unknown> =>
  db.transaction((tx) => applyEvent(tx, id, event, source));
const needsPerson = (reason: 'asked' | 'emergency' | 'loop'): Promise<unknown> =>
  apply({ type: 'needs_person', reason }, { actor: 'agent' });

async function state(): Promise<Record<string, unknown>> {
  const [row] = await db.query<Record<string, unknown>>(
    `select state, state_reason, person_id, announcements,
       round(extract(epoch from person_until - now()) / 60)::int as minutes from conversations where id = $1`,
    [id],
  );
  return row!;
}
const events = async (): Promise<unknown[]> =>
  (await listConversationEvents(db, { conversationId: id, limit: 20 }))
    .toReversed()
    .map(({ event, from_state, to_state, reason, person_name }) => [
      event,
      from_state,
      to_state,
      reason,
      person_name,
    ]);

test('a waiting conversation keeps its first reason until an emergency, which is announced again', async () => {
  await needsPerson('asked');
  await db.query('update conversations set announced_at = now(), announcements = 1 where id = $1', [id]);
  await needsPerson('loop');
  expect(await state()).toMatchObject({ state: 'waiting', state_reason: 'asked', announcements: 1 });
  await needsPerson('emergency');
  expect(await state()).toMatchObject({ state: 'waiting', state_reason: 'emergency', announcements: 0 });
  expect(await events()).toEqual([
    ['needs_person', 'agent', 'waiting', 'asked', null],
    ['needs_person', 'waiting', 'waiting', 'asked', null],
    ['needs_person', 'waiting', 'waiting', 'emergency', null],
  ]);
});

test('taking over sets the time of the person and drops the queued answer of the agent', async () => {
  const asked = await write(await contactOf());
  const reply = await db.transaction(async (tx) => {
    const row = (await insertReply(tx, asked, 'Answer'))!;
    await tx.query(`update messages set status = 'answered' where id = $1`, [asked.id]);
    await addJob(tx, { queue: 'outbound-messages', orderKey: `out:${id}`, messageId: row.id, payload: {} });
    return row;
  });
  await apply({ type: 'taken_over' }, { actor: 'person', personId: dana });
  expect(await state()).toMatchObject({ state: 'person', person_id: dana, minutes: 120 });
  expect(await found(reply.id)).toMatchObject({ status: 'ignored', reason: 'taken_over' });
  expect((await found(asked.id)).status).toBe('waiting_for_person');
  await apply({ type: 'person_wrote' }, { actor: 'phone' });
  expect((await found(asked.id)).status).toBe('answered');
  expect(await state()).toMatchObject({ state: 'person', state_reason: 'taken_over', person_id: dana });
  expect(await events()).toEqual([
    ['taken_over', 'agent', 'person', null, 'Dana'],
    ['answer_dropped', 'agent', 'person', null, 'Dana'],
  ]);
});

test.each(['taken_over', 'assigned'] as const)(
  '%s once more by the holder only extends her time',
  async (type) => {
    await apply({ type: 'person_wrote' }, { actor: 'person', personId: dana });
    await db.query('update conversations set person_until = now() where id = $1', [id]);
    await apply({ type }, { actor: 'person', personId: dana });
    expect(await state()).toMatchObject({ state_reason: 'person_wrote', person_id: dana, minutes: 120 });
    expect(await events()).toEqual([['person_wrote', 'agent', 'person', null, 'Dana']]);
  },
);

test('another person who takes over, is assigned or writes becomes the holder, and the event is logged', async () => {
  await apply({ type: 'taken_over' }, { actor: 'person', personId: dana });
  await apply({ type: 'person_wrote' }, { actor: 'person', personId: eli });
  expect(await state()).toMatchObject({ state_reason: 'person_wrote', person_id: eli });
  await apply({ type: 'assigned' }, { actor: 'person', personId: dana });
  await apply({ type: 'taken_over' }, { actor: 'person', personId: eli });
  expect(await events()).toEqual([
    ['taken_over', 'agent', 'person', null, 'Dana'],
    ['person_wrote', 'person', 'person', null, 'Eli'],
    ['assigned', 'person', 'person', null, 'Dana'],
    ['taken_over', 'person', 'person', null, 'Eli'],
  ]);
});

test('an unknown person becomes the holder by taking over, but not by writing', async () => {
  await apply({ type: 'taken_over' }, { actor: 'person', personId: dana });
  await apply({ type: 'person_wrote' }, { actor: 'person' });
  expect(await state()).toMatchObject({ state_reason: 'taken_over', person_id: dana });
  await apply({ type: 'taken_over' }, { actor: 'person' });
  expect(await state()).toMatchObject({ state: 'person', person_id: null });
  expect(await events()).toEqual([
    ['taken_over', 'agent', 'person', null, 'Dana'],
    ['taken_over', 'person', 'person', null, null],
  ]);
});

test('other actions of a colleague leave the conversation with its holder', async () => {
  await apply({ type: 'taken_over' }, { actor: 'person', personId: dana });
  await apply({ type: 'opted_in' }, { actor: 'person', personId: eli });
  await apply({ type: 'reopened' }, { actor: 'person', personId: eli });
  expect(await state()).toMatchObject({ state: 'person', person_id: dana });
});

test('the confirmation of an opt-out is still sent when a person takes over', async () => {
  const asked = await write(await contactOf());
  const reply = await db.transaction(async (tx) => (await insertReply(tx, asked, 'Bye'))!);
  await apply({ type: 'opted_out' }, { actor: 'customer', messageId: asked.id });
  await apply({ type: 'taken_over' }, { actor: 'person' });
  expect((await found(reply.id)).status).toBe('queued');
});

test("when the person's time is over the agent takes over, unless a message has no answer", async () => {
  await apply({ type: 'person_wrote' }, { actor: 'phone' });
  const open = await receive(await contactOf());
  await apply({ type: 'time_up' });
  expect(await state()).toMatchObject({ state: 'waiting', state_reason: 'person_left', person_id: null });
  await apply({ type: 'person_wrote' }, { actor: 'person', personId: dana });
  expect((await found(open)).status).toBe('answered');
  await apply({ type: 'time_up' });
  expect(await state()).toMatchObject({ state: 'agent', state_reason: null, person_id: null, minutes: null });
});

test('giving a conversation back ignores its waiting messages, with the reason', async () => {
  await needsPerson('asked');
  const open = await receive(await contactOf());
  await db.query(`update messages set status = 'waiting_for_person' where id = $1`, [open]);
  await apply({ type: 'given_back' }, { actor: 'person', personId: dana });
  expect(await found(open)).toMatchObject({ status: 'ignored', reason: 'given_back' });
  expect(await state()).toMatchObject({ state: 'agent' });
});

test('handed_off_at, which replicas of the previous version use, follows the state and sets it', async () => {
  await db.query(
    `update conversations set handed_off_at = now(), hand_off_reason = 'loop' where id = $1 and handed_off_at is null`,
    [id],
  );
  expect(await state()).toMatchObject({ state: 'waiting', state_reason: 'loop' });
  await apply({ type: 'given_back' }, { actor: 'person' });
  const handedOff = async (): Promise<unknown> =>
    (await db.query('select handed_off_at from conversations where id = $1', [id]))[0];
  expect(await handedOff()).toEqual({ handed_off_at: null });
  await needsPerson('asked');
  expect(await handedOff()).toEqual({ handed_off_at: expect.any(Date) });
});
