import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { poll } from '@prosaas/devstack';
import type { Phone } from '@prosaas/simulators';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { type FrontDesk, startFrontDesk } from './support/front-desk.ts';
import { repository } from './support/npm-start.ts';
import { outputOf, until } from './support/stack.ts';

// Tests on a running stack what docs/handing-over.md promises.

let desk: FrontDesk;
let dana: Phone;
let danaId: string;

beforeAll(async () => {
  desk = await startFrontDesk();
  dana = desk.whatsapp.addPhone({ pushName: 'Dana' });
  danaId = await addByManual(dana.number);
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(outputOf(desk.stack));
});
afterAll(async () => {
  await desk?.[Symbol.asyncDispose]();
});

/** Runs the command of docs/handing-over.md for this stack and number. Returns the person's id. */
async function addByManual(number: string): Promise<string> {
  const page = await readFile(join(repository, 'docs/handing-over.md'), 'utf8');
  const [, command = ''] = /^```sh\n(curl [^]*?)^```/m.exec(page) ?? [];
  expect(command).toContain('localhost:5000');
  const script = command
    .replace('localhost:5000', `localhost:${desk.stack.ports.api}`)
    .replace('+49 170 1234567', `+${number}`);
  const env = { PATH: process.env['PATH'], ADMIN_KEY: desk.stack.keys.adminKey };
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
  const { id, name } = JSON.parse(stdout) as { id: string; name: string };
  expect(name).toBe('Dana');
  return id;
}

interface Chat {
  id: string;
  state: string;
  state_reason: string | null;
  person_id: string | null;
}

/** Waits until the conversation with a customer is in this state. */
async function untilState(customer: Phone, state: string, reason: string | null): Promise<Chat> {
  const answer = await until(
    `${desk.stack.url.api}/api/conversations?contact=${customer.number}`,
    ({ body }) => {
      const [chat] = (body?.['items'] ?? []) as Chat[];
      return chat?.state === state && chat.state_reason === reason;
    },
    {
      init: { headers: { 'x-api-key': desk.stack.keys.apiKey } },
      what: `${state} (${reason})`,
      timeoutMs: 30_000,
    },
  );
  return ((answer.body?.['items'] ?? []) as Chat[])[0]!;
}

async function itemsOf<T>(path: string): Promise<T[]> {
  return ((await desk.api('GET', path)).body?.['items'] ?? []) as T[];
}

/** Author and status of the messages, newest first. */
async function statuses(chat: Chat): Promise<string[]> {
  const messages = await itemsOf<{ author: string; status: string }>(
    `/api/conversations/${chat.id}/messages`,
  );
  return messages.map(({ author, status }) => `${author} ${status}`);
}

async function events(chat: Chat): Promise<string[]> {
  const all = await itemsOf<{ event: string; to_state: string; actor: string }>(
    `/api/conversations/${chat.id}/events`,
  );
  return all.toReversed().map(({ event, to_state, actor }) => `${event} ${to_state} ${actor}`);
}

const untilShown = (phone: Phone, part: RegExp, from = 0): Promise<unknown> =>
  poll(() => phone.received.slice(from).some(({ text }) => part.test(text)), {
    what: `${part} at ${phone.pushName}'s phone`,
    timeoutMs: 30_000,
  });

/** Moves the times of a conversation into the past, as if minutes had passed. */
const pass = (chat: Chat, minutes: number): Promise<unknown> =>
  desk.db.query(
    `update conversations set person_until = person_until - $2 * interval '1 minute',
       announced_at = announced_at - $2 * interval '1 minute', state_since = state_since - $2 * interval '1 minute' where id = $1`,
    [chat.id, minutes],
  );

const passedOn = /^I am passing this on to a person on our team, who will get back/;
const parking = /car park behind the building/;
const wifi = /network is called Visitors/;

test('the agent is silent while the owner answers from her phone, and takes over again later', async () => {
  const maria = desk.whatsapp.addPhone({ pushName: 'Maria' });
  await desk.write(maria, 'Is there parking nearby?');
  await untilShown(maria, parking);
  await desk.write(maria, 'thanks!');
  await untilShown(maria, /You are welcome!/);
  await desk.write(maria, 'I want to talk to a person');
  await untilShown(maria, passedOn);
  const chat = await untilState(maria, 'waiting', 'asked');
  await poll(async () => (await statuses(chat))[0] === 'agent sent', { what: 'the answer to be sent' });
  expect((await statuses(chat))[1]).toBe('customer waiting_for_person');

  // Dana is notified by WhatsApp.
  await untilShown(dana, /Maria[^]*I want to talk to a person/);
  await desk.write(maria, 'hello? are you there?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });

  // The owner answers from the phone of the account.
  await desk.account.handset.send(maria, 'Hi Maria, this is Dana. What can I do for you?');
  await untilState(maria, 'person', 'phone');
  expect(await statuses(chat)).not.toContain('customer waiting_for_person');
  const heard = maria.received.length;
  await desk.write(maria, 'Do you have guest wifi?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });
  await desk.account.handset.send(maria, 'Yes, it is called Visitors.');
  await poll(async () => (await statuses(chat))[1] === 'customer answered', { what: 'it to be answered' });
  expect(maria.received.slice(heard).map(({ text }) => text)).toEqual(['Yes, it is called Visitors.']);
  await desk.write(maria, 'Great, thank you!');
  await poll(async () => (await statuses(chat))[0] === 'customer ignored', { what: 'thanks to be let be' });

  // Two hours later.
  await pass(chat, 121);
  await untilState(maria, 'agent', null);
  await desk.write(maria, 'Do you have guest wifi?');
  await untilShown(maria, wifi);
  expect(await events(chat)).toEqual([
    'needs_person waiting agent',
    'announced waiting system',
    'person_wrote person phone',
    'time_up agent system',
  ]);
});

test('people are notified again of a waiting chat, health warns, and an answer to the notice takes the chat over', async () => {
  const noah = desk.whatsapp.addPhone({ pushName: 'Noah' });
  const before = dana.received.length;
  await desk.write(noah, 'a person, please');
  await untilShown(noah, passedOn);
  const chat = await untilState(noah, 'waiting', 'asked');
  await untilShown(dana, /Noah/, before);
  const health = { init: { headers: { accept: 'text/plain' } } };
  const verbose = `${desk.stack.url.api}/api/health?verbose`;
  expect((await ask(verbose)).text).not.toContain('customers_waiting');
  const first = dana.received.length;
  await pass(chat, 16);
  await untilShown(dana, /Noah/, first);
  await pass(chat, 16);
  const warned = await until(verbose, ({ text }) => text.includes('customers_waiting'), health);
  expect(warned.status).toBe(200);

  await desk.write(dana, '1');
  expect((await untilState(noah, 'person', 'taken_over')).person_id).toBe(danaId);
  await untilShown(dana, /Noah/, first + 1);
  await until(verbose, ({ text }) => !text.includes('customers_waiting'), health);

  // She does not answer his question, so the chat waits again and she is notified.
  await desk.write(noah, 'Is there parking nearby?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });
  await pass(chat, 121);
  await untilState(noah, 'waiting', 'person_left');
  await desk.write(dana, '2');
  await untilState(noah, 'agent', null);
  await desk.write(noah, 'Do you have guest wifi?');
  await untilShown(noah, wifi);
});
