import type { Account, Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCounters } from './counters.ts';
import { type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;
let phone: Phone;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica({ ackTimeoutMs: 1500 });
  account = await stack.pair(replica, 'shop');
  phone = stack.whatsapp.addPhone();
});
afterAll(() => stack[Symbol.asyncDispose]());

const message = (text: string, chatId = phone.number) => ({ session: 'shop', chatId, text });
const shown = (text: string): number => phone.received.filter((received) => received.text === text).length;

test('a text is sent when the server acknowledges it, and counted once', async () => {
  const { status, body } = await replica.send(message('hello'), 'key-1');
  expect({ status, body }).toEqual({
    status: 200,
    body: { id: expect.stringMatching(/^3EB0[0-9A-F]{18}$/), status: 'sent' },
  });
  await expect.poll(() => shown('hello'), SOON).toBe(1);
  await expect.poll(() => readCounters(stack), SOON).toMatchObject({ outbound: 1 });
});

test('requests with the same key, concurrent or later, send one message', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => replica.send(message('once'), 'key-2')));
  const later = await replica.send(message('once'), 'key-2');
  const ids = new Set([...answers, later].map(({ body }) => body.id));
  expect(ids.size).toBe(1);
  await replica.send(message('marker'), 'key-3');
  await expect.poll(() => shown('marker'), SOON).toBe(1);
  expect(shown('once')).toBe(1);
  expect(phone.repeats).toBe(0);
  await expect.poll(() => readCounters(stack), SOON).toMatchObject({ outbound: 3 });
});

test('the same key with another text, or to another chat, is refused', async () => {
  const text = await replica.send(message('something else'), 'key-2');
  const chat = await replica.send(message('once', '972500000000'), 'key-2');
  expect([text.status, text.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  expect([chat.status, chat.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
});

test('each request without a key sends a message', async () => {
  const ids = new Set<unknown>();
  for (const _ of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    ids.add((await replica.send(message('no key'))).body.id);
  }
  expect(ids.size).toBe(2);
});

test.each([
  (p: Phone) => p.number,
  (p: Phone) => `${p.number}@c.us`,
  (p: Phone) => p.jid,
  (p: Phone) => p.lid,
])('a text is sent to each form of a chat id (%#)', async (nameOf) => {
  const text = `to ${nameOf(phone)}`;
  expect((await replica.send(message(text, nameOf(phone)))).status).toBe(200);
  await expect.poll(() => shown(text), SOON).toBe(1);
});

test('a send without an ack is a 504, and a repeat with the same key delivers it once', async () => {
  stack.whatsapp.withholdAcks(account, true);
  const first = await replica.send(message('slow'), 'key-slow');
  expect([first.status, first.body.code]).toEqual([504, 'ACK_TIMEOUT']);
  stack.whatsapp.withholdAcks(account, false);
  const second = await replica.send(message('slow'), 'key-slow');
  expect(second.status).toBe(200);
  await expect.poll(() => shown('slow'), SOON).toBe(1);
  await replica.send(message('after slow'), 'key-after');
  // Each row turned to sent once, each was counted once.
  const sent = await stack.rows("select key from whatsapp_sends where status = 'sent'");
  await expect.poll(async () => (await readCounters(stack)).outbound, SOON).toBe(sent.length);
});

test('an ack after the 504 is counted, and the repeat sends nothing', async () => {
  stack.whatsapp.withholdAcks(account, true);
  expect((await replica.send(message('late ack'), 'key-late')).status).toBe(504);
  const repeats = phone.repeats;
  stack.whatsapp.withholdAcks(account, false);
  await replica.send(message('marker 2'), 'key-marker-2');
  expect((await replica.send(message('late ack'), 'key-late')).status).toBe(200);
  expect(shown('late ack')).toBe(1);
  expect(phone.repeats).toBe(repeats);
});

test('a recipient that cannot decrypt a text gets it again, also after a restart', async () => {
  phone.switchOff();
  expect((await replica.send(message('again, please'), 'key-again')).status).toBe(200);
  await replica[Symbol.asyncDispose]();
  phone.forgetSessions();
  const { unreadable } = phone;
  phone.switchOn();
  await expect.poll(() => phone.unreadable, SOON).toBe(unreadable + 1);
  replica = await stack.replica({ ackTimeoutMs: 1500 });
  await replica.until('shop', 'WORKING');
  await expect.poll(() => shown('again, please'), SOON).toBe(1);
});

test('a session that is stopped or unknown is reported', async () => {
  await replica.admin('POST', '/api/sessions', { id: 'idle', start: false });
  const idle = await replica.send({ ...message('x'), session: 'idle' });
  expect([idle.status, idle.body.code]).toEqual([409, 'SESSION_NOT_WORKING']);
  const none = await replica.send({ ...message('x'), session: 'none' });
  expect([none.status, none.body.code]).toEqual([404, 'SESSION_NOT_FOUND']);
});

test.each([
  [{ session: 'shop', chatId: '120363020000000000@g.us', text: 'x' }, 'INVALID_CHAT_ID'],
  [{ session: 'shop', chatId: '+972501234567', text: 'x' }, 'INVALID_CHAT_ID'],
  [{ session: 'shop', chatId: '972501234567', text: '' }, 'VALIDATION_FAILED'],
  [{ session: '../x', chatId: '972501234567', text: 'x' }, 'VALIDATION_FAILED'],
  [{}, 'VALIDATION_FAILED'],
])('bad input %j is refused', async (body, code) => {
  const answer = await replica.send(body);
  expect([answer.status, answer.body.code]).toEqual([400, code]);
});
