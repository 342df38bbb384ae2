import { applyEvent } from '@prosaas/conversations';
import { createDatabase, eraseContact, exportContact, listHistory } from '@prosaas/database';
import { createLogger } from '@prosaas/runtime';
import type { Account, Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KEYS, type Replica, SOON, Stack } from './harness.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

let stack: Stack;
let replica: Replica;
let account: Account;
let phone: Phone;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica({ resendSchedule: { waitsMs: [200, 200, 200], everyMs: 50 } });
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());
beforeEach(() => {
  phone = stack.whatsapp.addPhone();
});

/** Sends with the API key, as a booking program does. */
const send = (text: string, chatId = phone.number, key?: string) =>
  replica.call<{ id: string; code?: string; detail?: string }>(
    'POST',
    '/api/sendText',
    { 'x-api-key': KEYS.API_KEY, ...(key !== undefined && { 'idempotency-key': key }) },
    { session: 'shop', chatId, text },
  );

interface Talk {
  id: string;
  state: string;
  contact: string;
  alternate_contact: string | null;
  last_inbound_at: Date | null;
  said: { text: string; author: string; status: string }[];
}
const talks = (): Promise<Talk[]> =>
  stack.rows<Talk>(
    `select c.id, state, contact, alternate_contact, last_inbound_at,
       (select json_agg(json_build_object('text', text, 'author', author, 'status', status) order by seq) from messages
        where conversation_id = c.id) as said
     from conversations c where contact in ($1, $2) or alternate_contact in ($1, $2)`,
    [phone.jid, phone.lid],
  );
const messageOf = async (externalId: string) =>
  (
    await stack.rows<object>(
      'select status, error, account, delivered_at is not null as is_delivered from messages where external_id = $1',
      [externalId],
    )
  )[0];

test('the first text to a contact opens a conversation with the agent', async () => {
  const answer = await send('Welcome.');
  expect(answer).toMatchObject({ status: 200, body: { id: expect.stringMatching(/^3EB0/), status: 'sent' } });
  expect(await talks()).toEqual([
    {
      id: expect.any(String),
      state: 'agent',
      contact: phone.jid,
      alternate_contact: phone.lid,
      last_inbound_at: null,
      said: [{ text: 'Welcome.', author: 'program', status: 'sent' }],
    },
  ]);
  await expect
    .poll(() => messageOf(answer.body.id), SOON)
    .toEqual({ status: 'sent', error: null, account: account.number, is_delivered: true });
});

test('texts and answers under any address are one conversation and history of the agent', async () => {
  await send('Your table is booked.', phone.lid);
  await phone.sendText(account, 'For when?');
  await expect.poll(async () => (await talks())[0]?.said.length, SOON).toBe(2);
  await send('For nine.', `${phone.number}@c.us`);
  const [talk, ...others] = await talks();
  expect(others).toEqual([]);
  expect(talk!.said.map(({ text, author }) => [text, author])).toEqual([
    ['Your table is booked.', 'program'],
    ['For when?', 'customer'],
    ['For nine.', 'program'],
  ]);
  await using db = createDatabase({ url: stack.databaseUrl, applicationName: 'test', log });
  const all = { conversationId: talk!.id, beforeSeq: '1000000', limit: 10, textLimit: 100 };
  expect(await listHistory(db, all)).toEqual([
    { direction: 'outbound', text: 'Your table is booked.' },
    { direction: 'inbound', text: 'For when?' },
    { direction: 'outbound', text: 'For nine.' },
  ]);
});

test('a contact who has opted out gets no text of a program, under any address', async () => {
  await phone.sendText(account, 'stop');
  await expect.poll(async () => (await talks()).length, SOON).toBe(1);
  const [talk] = await talks();
  await using db = createDatabase({ url: stack.databaseUrl, applicationName: 'test', log });
  await db.transaction((tx) => applyEvent(tx, talk!.id, { type: 'opted_out' }, { actor: 'customer' }));
  await db.transaction((tx) => applyEvent(tx, talk!.id, { type: 'person_wrote' }, { actor: 'phone' }));
  for (const address of [phone.number, phone.lid]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body, headers } = await send('A reminder.', address);
    expect([status, body.code, headers.get('content-type')]).toEqual([
      409,
      'CONTACT_OPTED_OUT',
      expect.stringContaining('application/problem+json'),
    ]);
    expect(body.detail).toContain(`POST /api/conversations/${talk!.id}/opt-in`);
  }
  // The worker decides about its own sends, such as the confirmation.
  expect(
    (await replica.send({ session: 'shop', chatId: phone.number, text: 'You get no more.' })).status,
  ).toBe(200);
  await phone.waitForCount(1);
  expect(phone.received.map(({ text }) => text)).toEqual(['You get no more.']);
  expect((await talks())[0]).toMatchObject({ state: 'person', said: [{ text: 'stop' }] });
});

test('a text that is never delivered becomes undelivered, with a reason', async () => {
  phone.failToRead(Number.POSITIVE_INFINITY);
  const { body } = await send('Can you read this?');
  await expect
    .poll(() => messageOf(body.id), SOON)
    .toMatchObject({
      status: 'undelivered',
      error: expect.stringMatching(/^The recipient's phone could not decrypt it/),
      is_delivered: false,
    });
});

test('the same key through two replicas at once is one message and one row', async () => {
  await using other = await stack.replica();
  const both = [replica, other].map((one) =>
    one.call<{ id: string }>(
      'POST',
      '/api/sendText',
      { 'x-api-key': KEYS.API_KEY, 'idempotency-key': 'booking-7' },
      { session: 'shop', chatId: phone.number, text: 'Once.' },
    ),
  );
  const answers = await Promise.all(both);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  await phone.waitForCount(1);
  expect(phone.repeats).toBe(0);
  expect((await talks()).map(({ said }) => said)).toEqual([
    [{ text: 'Once.', author: 'program', status: 'sent' }],
  ]);
});

test('texts of programs are exported and erased with their contact', async () => {
  await send('Keep this.');
  await using db = createDatabase({ url: stack.databaseUrl, applicationName: 'test', log });
  const query = { contact: `+${phone.number}`, businessId: undefined };
  const { conversations } = await exportContact(db, query);
  expect(conversations).toMatchObject([
    { messages: [{ direction: 'outbound', author: 'program', text: 'Keep this.', status: 'sent' }] },
  ]);
  await db.transaction((tx) => eraseContact(tx, query));
  expect(await talks()).toEqual([]);
  expect(await stack.rows(`select 1 from messages where text = 'Keep this.'`)).toEqual([]);
  expect(await stack.rows(`select 1 from whatsapp_sends where text = 'Keep this.'`)).toEqual([]);
  // The same contact may be written to again.
  expect((await send('Hello again.')).status).toBe(200);
  expect((await talks())[0]?.said).toMatchObject([{ text: 'Hello again.', status: 'sent' }]);
});
