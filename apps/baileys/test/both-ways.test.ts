import type { Account, Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Replica, Stack } from './harness.ts';

const PHONES = 5;
const TEXTS = 40;

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

const texts = Array.from({ length: TEXTS }, (_, turn) => `text ${turn}`);

async function write(phone: Phone): Promise<void> {
  for (const text of texts.slice(1)) await phone.sendText(account, text);
}

async function answer(phone: Phone): Promise<void> {
  for (const text of texts) {
    const { status } = await replica.send({ session: 'shop', chatId: phone.number, text });
    if (status !== 200) throw new Error(`"${text}" was answered ${status}`);
  }
}

// A ratchet that is moved by a send and by a message at the same time loses one of the two, and a message has to be asked for again.
test('every text arrives in order when contacts and the account write at the same time', async () => {
  const phones = Array.from({ length: PHONES }, () => stack.whatsapp.addPhone());
  for (const phone of phones) await phone.sendText(account, texts[0]!);
  await Promise.all(phones.flatMap((phone) => [write(phone), answer(phone)]));
  await Promise.all(phones.map((phone) => phone.waitForCount(TEXTS, { timeoutMs: 20_000 })));
  for (const phone of phones) {
    expect(phone.unreadable).toBe(0);
    expect(phone.received.map(({ text }) => text)).toEqual(texts);
    const stored = await stack.rows<{ text: string }>(
      `select m.text from messages m join conversations c on c.id = m.conversation_id
       where m.direction = 'inbound' and $1 in (c.contact, c.alternate_contact) order by m.seq`,
      [phone.jid],
    );
    expect(stored.map(({ text }) => text)).toEqual(texts);
  }
});
