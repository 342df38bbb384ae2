import { randomUUID } from 'node:crypto';
import type { Phone } from '@prosaas/simulators';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ResendSchedule } from '../src/resender.ts';
import { readCounters } from './counters.ts';
import { type Replica, SOON, Stack } from './harness.ts';

/** The first one, and the client's own repeats. */
const COPIES_BY_CLIENT = 6;
const SLOW: ResendSchedule = { waitsMs: [3_600_000, 3_600_000, 3_600_000], everyMs: 50 };

let stack: Stack;
let replica: Replica;
/** One for each test. */
let phone: Phone;
let session: string;
let errorsBefore: number;

beforeAll(async () => {
  stack = await Stack.start();
});
afterAll(() => stack[Symbol.asyncDispose]());
beforeEach(async () => {
  phone = stack.whatsapp.addPhone();
  session = `shop-${phone.number}`;
  errorsBefore = (await readCounters(stack)).errors;
});
afterEach(async () => {
  await replica.admin('POST', `/api/sessions/${session}/stop`);
  await replica[Symbol.asyncDispose]();
});

async function start(resendSchedule: ResendSchedule): Promise<void> {
  replica = await stack.replica({ resendSchedule });
  await stack.pair(replica, session);
}

/** Sends a message of a conversation as the worker does, under its id. */
async function send(): Promise<string> {
  const id = randomUUID();
  await stack.rows(
    `with talk as (insert into conversations (business_id, session_id, contact) values ('default', $3, $2) returning id)
     insert into messages (id, business_id, conversation_id, session_id, direction, status, text)
     select $1, 'default', id, $3, 'outbound', 'sent', 'hello' from talk`,
    [id, phone.jid, session],
  );
  expect((await replica.send({ session, chatId: phone.number, text: 'hello' }, id)).status).toBe(200);
  return id;
}

const messageOf = async (id: string) => {
  const [row] = await stack.rows<{ status: string; error: string | null; delivered: boolean }>(
    'select status, error, delivered_at is not null as delivered from messages where id = $1',
    [id],
  );
  return row;
};
const sendOf = async (id: string) => {
  const [row] = await stack.rows<{ requests: number; resends: number; is_open: boolean }>(
    'select requests, resends, resend_at is not null as is_open from whatsapp_sends where key = $1',
    [id],
  );
  return row;
};

const sentRows = async (): Promise<number> =>
  (await stack.rows(`select 1 from whatsapp_sends where status = 'sent'`)).length;

test('a message has the time at which it was read', async () => {
  await start(SLOW);
  const id = await send();
  await expect.poll(() => messageOf(id), SOON).toMatchObject({ delivered: true });
  const readAt = async (): Promise<Date | null | undefined> =>
    (await stack.rows<{ read_at: Date | null }>('select read_at from messages where id = $1', [id]))[0]
      ?.read_at;
  expect(await readAt()).toBeNull();
  const [sent] = await stack.rows<{ message_id: string }>(
    'select message_id from whatsapp_sends where key = $1',
    [id],
  );
  await phone.markRead(sent?.message_id ?? '');
  await expect.poll(readAt, SOON).toBeInstanceOf(Date);
});

test('a message that was read at once is delivered', async () => {
  await start(SLOW);
  const id = await send();
  await expect.poll(() => messageOf(id), SOON).toEqual({ status: 'sent', error: null, delivered: true });
  expect(await sendOf(id)).toEqual({ requests: 0, resends: 0, is_open: false });
});

test('a message is resent under the same id after the resends of the client, until it is delivered', async () => {
  await start({ waitsMs: [500, 500, 500, 500, 500, 500, 60_000], everyMs: 50 });
  phone.failToRead(COPIES_BY_CLIENT + 1);
  const id = await send();
  await phone.waitForCount(1, { timeoutMs: 20_000 });
  await expect.poll(() => messageOf(id), SOON).toEqual({ status: 'sent', error: null, delivered: true });
  // On a slow machine the first may come between the client's own repeats.
  const { resends, is_open: isOpen } = (await sendOf(id))!;
  expect({ isEnough: resends >= 2, isOpen }).toEqual({ isEnough: true, isOpen: false });
  expect(phone.received).toHaveLength(1);
  // One that is sent again counts once.
  await expect.poll(async () => (await readCounters(stack)).outbound, SOON).toBe(await sentRows());
  expect((await readCounters(stack)).errors).toBe(errorsBefore);
});

test('a message that is never delivered becomes undelivered, with a reason, and is counted once', async () => {
  await start({ waitsMs: [200, 200, 200], everyMs: 50 });
  phone.failToRead(Number.POSITIVE_INFINITY);
  const id = await send();
  await expect.poll(async () => (await messageOf(id))?.status, SOON).toBe('undelivered');
  expect(await messageOf(id)).toMatchObject({
    error: expect.stringMatching(
      /^The recipient's phone could not decrypt it: asked for (once|\d+ times) and sent again 2 times in 1 min, it was not delivered\.$/,
    ),
    delivered: false,
  });
  await expect.poll(async () => (await readCounters(stack)).errors, SOON).toBe(errorsBefore + 1);
  expect(await sendOf(id)).toMatchObject({ resends: 2, is_open: false });
});

test('a message is resent at once after a restart', async () => {
  await start(SLOW);
  phone.failToRead(COPIES_BY_CLIENT);
  const id = await send();
  await expect.poll(() => phone.unreadable, SOON).toBe(COPIES_BY_CLIENT);
  expect(await sendOf(id)).toMatchObject({ resends: 0, is_open: true });
  await replica[Symbol.asyncDispose]();
  replica = await stack.replica({ resendSchedule: SLOW });
  await phone.waitForCount(1, { timeoutMs: 20_000 });
  await expect.poll(() => messageOf(id), SOON).toMatchObject({ status: 'sent', delivered: true });
});

test('a message is not resent from another number after a logout', async () => {
  await start(SLOW);
  phone.failToRead(COPIES_BY_CLIENT);
  const id = await send();
  await expect.poll(async () => (await sendOf(id))?.is_open, SOON).toBe(true);
  await replica.admin('POST', `/api/sessions/${session}/logout`);
  await expect
    .poll(() => messageOf(id), SOON)
    .toMatchObject({ status: 'undelivered', error: expect.stringContaining('logged out') });
  expect(await sendOf(id)).toMatchObject({ is_open: false, resends: 0 });
});
