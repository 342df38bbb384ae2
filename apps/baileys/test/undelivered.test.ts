import { randomUUID } from 'node:crypto';
import type { Phone } from '@prosaas/simulators';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ResendSchedule } from '../src/resender.ts';
import { counted } from './counters.ts';
import { type Replica, SOON, Stack } from './harness.ts';

/** The first one, and the client's own repeats. */
const COPIES_BY_CLIENT = 6;
const SLOW: ResendSchedule = { waitsMs: [3_600_000, 3_600_000, 3_600_000], everyMs: 50 };

let stack: Stack;
let phone: Phone;

beforeEach(async () => {
  stack = await Stack.start();
  phone = stack.whatsapp.addPhone();
});
afterEach(() => stack[Symbol.asyncDispose]());

/** Sends a message of a conversation as the worker does, under its id. */
async function send(replica: Replica): Promise<string> {
  const id = randomUUID();
  await stack.rows(
    `with talk as (insert into conversations (business_id, session_id, contact) values ('default', 'shop', $2) returning id)
     insert into messages (id, business_id, conversation_id, session_id, direction, status, text)
     select $1, 'default', id, 'shop', 'outbound', 'sent', 'hello' from talk`,
    [id, phone.jid],
  );
  expect((await replica.send({ session: 'shop', chatId: phone.number, text: 'hello' }, id)).status).toBe(200);
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

test('a message that was read at once is delivered', async () => {
  const replica = await stack.replica();
  await stack.pair(replica, 'shop');
  const id = await send(replica);
  await expect.poll(() => messageOf(id), SOON).toEqual({ status: 'sent', error: null, delivered: true });
  expect(await sendOf(id)).toEqual({ requests: 0, resends: 0, is_open: false });
});

test('what the client repeats no more is sent again later, under the same id, until it is delivered', async () => {
  const replica = await stack.replica({
    resendSchedule: { waitsMs: [300, 300, 300, 60_000], everyMs: 50 },
  });
  await stack.pair(replica, 'shop');
  phone.failToRead(COPIES_BY_CLIENT + 1);
  const id = await send(replica);
  await phone.waitForCount(1, { timeoutMs: 20_000 });
  await expect.poll(() => messageOf(id), SOON).toEqual({ status: 'sent', error: null, delivered: true });
  expect(await sendOf(id)).toMatchObject({ resends: 2, is_open: false });
  expect(phone.received).toHaveLength(1);
  // Sent again is not sent another time.
  await expect.poll(() => counted(stack), SOON).toMatchObject({ outbound: 1, errors: 0 });
});

test('a message that is never delivered becomes undelivered, with a reason, and is counted once', async () => {
  const replica = await stack.replica({ resendSchedule: { waitsMs: [200, 200, 200], everyMs: 50 } });
  await stack.pair(replica, 'shop');
  phone.failToRead(Number.POSITIVE_INFINITY);
  const id = await send(replica);
  await expect.poll(async () => (await messageOf(id))?.status, SOON).toBe('undelivered');
  expect(await messageOf(id)).toMatchObject({
    error: expect.stringMatching(
      /^The recipient's phone could not decrypt it: asked for \d+ times and sent again 2 times in 1 min, it was not delivered\.$/,
    ),
    delivered: false,
  });
  await expect.poll(() => counted(stack), SOON).toMatchObject({ outbound: 1, errors: 1 });
  expect(await sendOf(id)).toMatchObject({ resends: 2, is_open: false });
});

test('after a restart it is sent again at once', async () => {
  const first = await stack.replica({ resendSchedule: SLOW });
  await stack.pair(first, 'shop');
  phone.failToRead(COPIES_BY_CLIENT);
  const id = await send(first);
  await expect.poll(() => phone.unreadable, SOON).toBe(COPIES_BY_CLIENT);
  expect(await sendOf(id)).toMatchObject({ resends: 0, is_open: true });
  await first[Symbol.asyncDispose]();
  await stack.replica({ resendSchedule: SLOW });
  await phone.waitForCount(1, { timeoutMs: 20_000 });
  await expect.poll(() => messageOf(id), SOON).toMatchObject({ status: 'sent', delivered: true });
});
