import { randomBytes } from 'node:crypto';
import { cutText } from '@prosaas/runtime';
import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CUT_MARK } from '../src/inbound-limits.ts';
import { type Replica, Stack } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

const stored = (contact: string) =>
  stack.rows<{ text: string; external_id: string; contact_name: string }>(
    `select text, external_id, contact_name from messages
       join conversations on conversations.id = conversation_id where contact = $1 order by seq`,
    [contact],
  );

test.each([
  ['letters without a space', 'x'],
  ['Hebrew', 'שלום '],
  ['Chinese', '你好'],
  ['emoji', '😀'],
  ['combining marks', 'e\u0301\u0316'],
  ['U+FDFA', '\ufdfa'],
])("%s: a text of WhatsApp's full length is stored whole, and a longer one is cut", async (_name, part) => {
  const phone = stack.whatsapp.addPhone();
  const full = `${cutText(part.repeat(65_536), 65_535)}z`;
  await phone.sendText(account, full);
  await phone.sendText(account, full + part.repeat(60_000));
  const texts = (await stored(phone.jid)).map(({ text }) => text);
  // Not by toEqual, which would print them.
  expect(texts.map((text) => [text === full, text === full + CUT_MARK])).toEqual([
    [true, false],
    [false, true],
  ]);
});

test('a message with a huge name and id is stored, and its repeat is recognized', async () => {
  const phone = stack.whatsapp.addPhone({ pushName: 'Dana '.repeat(2000) });
  // Not to be compressed: PostgreSQL's indices take 2704 bytes.
  const id = randomBytes(2500).toString('hex');
  await phone.sendText(account, 'hello', { id });
  await phone.redeliver(account, id, { ciphertext: 'fresh' });
  await phone.sendText(account, 'after');
  const messages = await stored(phone.jid);
  expect(messages.map(({ text }) => text)).toEqual(['hello', 'after']);
  expect(messages[0]?.external_id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(messages[0]?.contact_name).toBe('Dana '.repeat(40));
});
