import type { Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Replica, SOON, Stack } from '../harness.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
});
afterAll(() => stack[Symbol.asyncDispose]());

const quiet = { waitsMs: [60_000, 60_000], everyMs: 60_000 };

/** Sends a message to a phone that can never decrypt it. */
async function sendInVain(session: string, withFaults: boolean): Promise<{ replica: Replica; phone: Phone }> {
  const replica = await stack.replica({ client: { withFaults }, resendSchedule: quiet });
  await stack.pair(replica, session);
  const phone = stack.whatsapp.addPhone();
  phone.failToRead(Number.POSITIVE_INFINITY);
  await replica.send({ session, chatId: phone.number, text: 'hello' }, session);
  return { replica, phone };
}

/** Another resend of the first message would arrive before this one. */
async function deliverToAnother(replica: Replica, session: string): Promise<void> {
  const other = stack.whatsapp.addPhone();
  await replica.send({ session, chatId: other.number, text: 'to another' });
  await other.waitForCount(1);
}

test('upstream still has the bug: the client resends twice instead of five times', async () => {
  // When this fails, Baileys counts once: delete src/quirks/retry-count.ts.
  const { replica, phone } = await sendInVain('before', true);
  await expect.poll(() => phone.unreadable, SOON).toBe(3);
  const requests = () => stack.rows(`select requests from whatsapp_sends where key = 'before'`);
  await expect.poll(requests, SOON).toEqual([{ requests: 3 }]);
  await deliverToAnother(replica, 'before');
  expect(phone.unreadable).toBe(3);
});

test('a phone that sends five retry receipts gets five resends', async () => {
  const { replica, phone } = await sendInVain('after', false);
  await expect.poll(() => phone.unreadable, SOON).toBe(6);
  const requests = () => stack.rows(`select requests from whatsapp_sends where key = 'after'`);
  await expect.poll(requests, SOON).toEqual([{ requests: 5 }]);
  await deliverToAnother(replica, 'after');
  expect(phone.unreadable).toBe(6);
});
