import type { Account, Phone } from '@prosaas/simulators';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;
let phone: Phone;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
  phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'hello');
});
afterEach(() => {
  stack.whatsapp.refuseMessages(account);
  stack.whatsapp.lockReachout(account, undefined);
});
afterAll(() => stack[Symbol.asyncDispose]());

const message = (text: string, chatId = phone.jid) => ({ session: 'shop', chatId, text });
const shows = (text: string) =>
  expect.poll(() => phone.received.map((one) => one.text), SOON).toContain(text);

test('a message keeps the address that it was sent from and the account that received it', async () => {
  await phone.sendText(account, 'by number', { addressing: 'pn' });
  await phone.sendText(account, 'by LID', { addressing: 'lid' });
  const rows = (): Promise<object[]> =>
    stack.rows("select text, address, account from messages where text like 'by %' order by seq");
  await expect.poll(rows, SOON).toEqual([
    { text: 'by number', address: phone.jid, account: account.number },
    { text: 'by LID', address: phone.lid, account: account.number },
  ]);
});

test.each([
  { refused: 'pn', chatOf: (one: Phone) => one.jid },
  { refused: 'lid', chatOf: (one: Phone) => one.lid },
] as const)(
  'a message that is refused to the $refused is sent to the other address',
  async ({ refused, chatOf }) => {
    stack.whatsapp.refuseMessages(account, '463', refused);
    const text = `not by ${refused}`;
    expect((await replica.send(message(text, chatOf(phone)))).status).toBe(200);
    await shows(text);
  },
);

test('an error of WhatsApp is retryable, and the same key succeeds later', async () => {
  stack.whatsapp.refuseMessages(account, '500');
  const refused = await replica.send(message('try again'), 'key-500');
  expect([refused.status, refused.body.code]).toEqual([502, 'SEND_REFUSED_FOR_NOW']);
  stack.whatsapp.refuseMessages(account);
  expect((await replica.send(message('try again'), 'key-500')).status).toBe(200);
  await shows('try again');
});

test('a restricted account answers existing contacts and starts no chats', async () => {
  const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
  stack.whatsapp.lockReachout(account, until);
  await expect
    .poll(() => replica.session('shop'), SOON)
    .toMatchObject({
      status: 'WORKING',
      reason: 'reachout_timelock',
      restricted_until: until.toISOString(),
    });
  const stranger = stack.whatsapp.addPhone();
  const refused = await replica.send(message('news', stranger.number));
  expect([refused.status, refused.body.code]).toEqual([409, 'NEW_CHATS_RESTRICTED']);
  for (const chatId of [phone.jid, phone.lid]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await replica.send(message('still here', chatId))).status).toBe(200);
  }
  stack.whatsapp.lockReachout(account, undefined);
  await expect.poll(async () => (await replica.session('shop')).reason, SOON).toBeNull();
  expect((await replica.send(message('news', stranger.number))).status).toBe(200);
});

test('a restriction is read again after a restart', async () => {
  stack.whatsapp.lockReachout(account, new Date(Date.now() + 3_600_000));
  await expect.poll(async () => (await replica.session('shop')).reason, SOON).toBe('reachout_timelock');
  await replica.admin('POST', '/api/sessions/shop/restart');
  await replica.until('shop', 'WORKING');
  await expect.poll(async () => (await replica.session('shop')).reason, SOON).toBe('reachout_timelock');
});

test('contacts whose keys are withheld do not hold up others', async () => {
  const silent = Array.from({ length: 3 }, () => stack.whatsapp.addPhone());
  for (const one of silent) one.withholdKeys(true);
  const before = stack.whatsapp.withheld;
  let isOver = false;
  const stuck = Promise.all(silent.map(({ number }) => replica.send(message('are you there?', number))));
  void stuck.finally(() => (isOver = true));
  await expect.poll(() => stack.whatsapp.withheld, SOON).toBeGreaterThan(before);
  for (let turn = 0; !isOver; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await replica.send(message(`turn ${turn}`))).status).toBe(200);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await phone.sendText(account, `and inbound ${turn}`);
  }
  expect((await stuck).map(({ body }) => body.code)).toEqual(silent.map(() => 'SEND_FAILED'));
  // Twice for each outside of the lock: the third time would be under it.
  expect(stack.whatsapp.withheld - before).toBe(2 * silent.length);
  for (const one of silent) one.withholdKeys(false);
  expect((await replica.send(message('now?', silent[0]!.number))).status).toBe(200);
});
