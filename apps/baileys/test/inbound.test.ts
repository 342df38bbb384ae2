import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCounters } from './counters.ts';
import { type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

const texts = async (): Promise<string[]> =>
  (await stack.rows<{ text: string }>('select text from messages order by seq')).map(({ text }) => text);
const conversations = () =>
  stack.rows<{ contact: string; alternate_contact: string | null; contact_name: string }>(
    'select contact, alternate_contact, contact_name from conversations order by created_at',
  );
const jobs = async (): Promise<number> =>
  (await stack.rows<{ n: number }>('select count(*)::int as n from jobs'))[0]!.n;
const woken = (): Promise<number> => stack.commands.llen('{prosaas}:inbound-messages:wait');

test('a text is stored with its job before it is acknowledged', async () => {
  const phone = stack.whatsapp.addPhone({ pushName: 'Dana' });
  await phone.sendText(account, 'what are your hours?');
  expect(await texts()).toEqual(['what are your hours?']);
  expect(await conversations()).toEqual([
    { contact: phone.jid, alternate_contact: phone.lid, contact_name: 'Dana' },
  ]);
  expect(await jobs()).toBe(1);
  await expect.poll(woken, SOON).toBe(1);
  await expect.poll(() => readCounters(stack), SOON).toMatchObject({ inbound: 1 });
});

test('a message that is delivered twice is stored and counted once', async () => {
  const phone = stack.whatsapp.addPhone();
  const { id } = await phone.sendText(account, 'twice');
  await phone.redeliver(account, id, { ciphertext: 'same' });
  await phone.redeliver(account, id, { ciphertext: 'fresh' });
  await phone.sendText(account, 'after');
  expect((await texts()).filter((text) => text === 'twice')).toHaveLength(1);
  await expect.poll(() => readCounters(stack), SOON).toMatchObject({ inbound: 3 });
  expect(await jobs()).toBe(3);
  // Of the three of a conversation the first is with BullMQ.
  await expect.poll(woken, SOON).toBe(2);
});

test('a deletion is not stored', async () => {
  const phone = stack.whatsapp.addPhone();
  const before = await texts();
  const { id } = await phone.sendText(account, 'taken back');
  await phone.revoke(account, id);
  await phone.sendText(account, 'last');
  expect((await texts()).slice(before.length)).toEqual(['taken back', 'last']);
});

test('a contact has one conversation under LID and phone number', async () => {
  const phone = stack.whatsapp.addPhone({ pushName: 'Noa' });
  await phone.sendText(account, 'by lid', { addressing: 'lid' });
  await phone.sendText(account, 'by number', { addressing: 'pn' });
  await phone.sendText(account, 'by lid alone', { addressing: 'lid-only' });
  const noa = (await conversations()).filter(({ contact_name }) => contact_name === 'Noa');
  expect(noa).toEqual([{ contact: phone.jid, alternate_contact: phone.lid, contact_name: 'Noa' }]);
});

test('a contact that is known by LID alone is stored with the LID', async () => {
  const phone = stack.whatsapp.addPhone({ pushName: 'Lior' });
  await phone.sendText(account, 'who am I?', { addressing: 'lid-only' });
  const lior = (await conversations()).filter(({ contact_name }) => contact_name === 'Lior');
  expect(lior).toEqual([{ contact: phone.lid, alternate_contact: null, contact_name: 'Lior' }]);
});

test('a message that cannot be decrypted is requested again and stored once', async () => {
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'garbled', { corruptFirst: true });
  await expect.poll(async () => (await texts()).filter((text) => text === 'garbled'), SOON).toHaveLength(1);
});

test('messages that arrive while the service is down are stored in order at the next start', async () => {
  const before = (await texts()).length;
  const phone = stack.whatsapp.addPhone();
  await replica[Symbol.asyncDispose]();
  const sent = Array.from({ length: 20 }, (_, index) => `offline ${index}`);
  for (const text of sent) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    await phone.sendText(account, text, { awaitDelivery: false });
  }
  replica = await stack.replica();
  await expect.poll(async () => (await texts()).slice(before), SOON).toEqual(sent);
  const { last_inbound_at } = await replica.session('shop');
  expect(last_inbound_at).not.toBeNull();
});

test('a message has its kind', async () => {
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'look');
  await phone.sendContent(account, { imageMessage: { caption: 'my receipt' } });
  await phone.sendContent(account, { audioMessage: { ptt: true } });
  await phone.sendContent(account, { locationMessage: { degreesLatitude: 32.1, degreesLongitude: 34.8 } });
  const kinds = await stack.rows(
    `select kind, text, author from messages join conversations on conversations.id = conversation_id
     where contact = $1 order by messages.seq`,
    [phone.jid],
  );
  expect(kinds).toEqual([
    { kind: 'text', text: 'look', author: 'customer' },
    { kind: 'image', text: '[image] my receipt', author: 'customer' },
    { kind: 'voice', text: '[voice]', author: 'customer' },
    { kind: 'location', text: '[location]', author: 'customer' },
  ]);
});
