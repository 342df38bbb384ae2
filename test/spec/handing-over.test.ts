import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Database, createDatabase } from '@prosaas/database';
import { type Stack, poll } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import {
  type Account,
  type Phone,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Answer, ask } from './support/ask.ts';
import { repository } from './support/npm-start.ts';
import { outputOf, startQuickStack, until } from './support/stack.ts';

/** The owner's day, on the running system: what docs/handing-over.md promises. */

let folder: string;
let whatsapp: WhatsAppServer;
let stack: Stack;
let db: Database;
let account: Account;
let dana: Phone;
let danaId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-day-'));
  const profile = join(folder, 'profile.yaml');
  await writeFile(
    profile,
    alwaysOpen(await readFile(join(repository, 'packages/agentkit/profiles/default.yaml'), 'utf8')),
  );
  whatsapp = await startWhatsAppServer();
  stack = await startQuickStack({
    env: {
      PROFILE_PATH: profile,
      NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
      WHATSAPP_WS_URL: whatsapp.url,
    },
  });
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  account = await pair();
  dana = whatsapp.addPhone({ pushName: 'Dana' });
  danaId = await addByManual(dana.number);
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(outputOf(stack));
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  await whatsapp?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Neither opening hours nor quiet ones: the tests run at any time of the day. */
function alwaysOpen(profile: string): string {
  const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
  const week = days.map((day) => `    ${day}: ['00:00-24:00']\n`).join('');
  return profile
    .replace(/^( {2}week:\n)(?: {4}.*\n)+/m, `$1${week}`)
    .replace(/^ {2}quiet: .*$/m, '  quiet: null');
}

function api(method: string, path: string, body?: unknown): Promise<Answer> {
  return ask(stack.url.api + path, {
    method,
    headers: {
      'x-api-key': stack.keys.adminKey,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** The command of docs/handing-over.md, for this stack and this number. */
async function addByManual(number: string): Promise<string> {
  const page = await readFile(join(repository, 'docs/handing-over.md'), 'utf8');
  const [, command = ''] = /^```sh\n(curl [^]*?)^```/m.exec(page) ?? [];
  expect(command).toContain('localhost:5000');
  const script = command
    .replace('localhost:5000', `localhost:${stack.ports.api}`)
    .replace('+49 170 1234567', `+${number}`);
  const env = { PATH: process.env['PATH'], ADMIN_KEY: stack.keys.adminKey };
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
  const { id, name } = JSON.parse(stdout) as { id: string; name: string };
  expect(name).toBe('Dana');
  return id;
}

async function pair(): Promise<Account> {
  const headers = { 'x-api-key': stack.keys.adminKey };
  const created = await ask(`${stack.url.baileys}/api/sessions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'front-desk' }),
  });
  expect(created.status).toBe(201);
  const qr = await until(
    `${stack.url.baileys}/api/front-desk/auth/qr?format=raw`,
    ({ status }) => status === 200,
    {
      init: { headers },
      timeoutMs: 40_000,
    },
  );
  const paired = await whatsapp.scanQr(qr.text);
  await until(`${stack.url.baileys}/api/sessions/front-desk`, ({ body }) => body?.['status'] === 'WORKING', {
    init: { headers },
  });
  return paired;
}

interface Chat {
  id: string;
  state: string;
  state_reason: string | null;
  person_id: string | null;
}

/** The conversation with a customer, once it is in this state. */
async function untilState(customer: Phone, state: string, reason: string | null): Promise<Chat> {
  const answer = await until(
    `${stack.url.api}/api/conversations?contact=${customer.number}`,
    ({ body }) => {
      const [chat] = (body?.['items'] ?? []) as Chat[];
      return chat?.state === state && chat.state_reason === reason;
    },
    {
      init: { headers: { 'x-api-key': stack.keys.apiKey } },
      what: `${state} (${reason})`,
      timeoutMs: 30_000,
    },
  );
  return ((answer.body?.['items'] ?? []) as Chat[])[0]!;
}

async function itemsOf<T>(path: string): Promise<T[]> {
  return ((await api('GET', path)).body?.['items'] ?? []) as T[];
}

/** Newest first. */
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

/** As if so much time had passed for a conversation. */
const pass = (chat: Chat, minutes: number): Promise<unknown> =>
  db.query(
    `update conversations set person_until = person_until - $2 * interval '1 minute',
       announced_at = announced_at - $2 * interval '1 minute', state_since = state_since - $2 * interval '1 minute' where id = $1`,
    [chat.id, minutes],
  );

/** A while ago: who answers within 3 s of a message is no person. */
const write = (customer: Phone, text: string): Promise<unknown> =>
  customer.sendText(account, text, { sentAt: new Date(Date.now() - 20_000) });

const passedOn = /^I am passing this on to a person on our team, who will get back/;
const parking = /car park behind the building/;
const wifi = /network is called Visitors/;

test('the owner answers from her phone, the agent is silent, and takes over again when she has gone', async () => {
  const maria = whatsapp.addPhone({ pushName: 'Maria' });
  await write(maria, 'Is there parking nearby?');
  await untilShown(maria, parking);
  await write(maria, 'thanks!');
  await untilShown(maria, /You are welcome!/);
  await write(maria, 'I want to talk to a person');
  await untilShown(maria, passedOn);
  const chat = await untilState(maria, 'waiting', 'asked');
  await poll(async () => (await statuses(chat))[0] === 'agent sent', { what: 'the answer to be sent' });
  expect((await statuses(chat))[1]).toBe('customer waiting_for_person');

  // Dana is told, by WhatsApp.
  await untilShown(dana, /Maria[^]*I want to talk to a person/);
  await write(maria, 'hello? are you there?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });

  // The owner answers from the phone of the account.
  await account.handset.send(maria, 'Hi Maria, this is Dana. What can I do for you?');
  await untilState(maria, 'person', 'phone');
  expect(await statuses(chat)).not.toContain('customer waiting_for_person');
  const heard = maria.received.length;
  await write(maria, 'Do you have guest wifi?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });
  await account.handset.send(maria, 'Yes, it is called Visitors.');
  await poll(async () => (await statuses(chat))[1] === 'customer answered', { what: 'it to be answered' });
  expect(maria.received.slice(heard).map(({ text }) => text)).toEqual(['Yes, it is called Visitors.']);
  await write(maria, 'Great, thank you!');
  await poll(async () => (await statuses(chat))[0] === 'customer ignored', { what: 'thanks to be let be' });

  // Two hours later.
  await pass(chat, 121);
  await untilState(maria, 'agent', null);
  await write(maria, 'Do you have guest wifi?');
  await untilShown(maria, wifi);
  expect(await events(chat)).toEqual([
    'needs_person waiting agent',
    'announced waiting system',
    'person_wrote person phone',
    'time_up agent system',
  ]);
});

test('nobody comes: people are told again, it is a warning, and somebody takes the chat by answering the notice', async () => {
  const noah = whatsapp.addPhone({ pushName: 'Noah' });
  const told = dana.received.length;
  await write(noah, 'a person, please');
  await untilShown(noah, passedOn);
  const chat = await untilState(noah, 'waiting', 'asked');
  await untilShown(dana, /Noah/, told);
  const health = { init: { headers: { accept: 'text/plain' } } };
  const verbose = `${stack.url.api}/api/health?verbose`;
  expect((await ask(verbose)).text).not.toContain('customers_waiting');
  const first = dana.received.length;
  await pass(chat, 16);
  await untilShown(dana, /Noah/, first);
  await pass(chat, 16);
  const warned = await until(verbose, ({ text }) => text.includes('customers_waiting'), health);
  expect(warned.status).toBe(200);

  await write(dana, '1');
  expect((await untilState(noah, 'person', 'taken_over')).person_id).toBe(danaId);
  await untilShown(dana, /Noah/, first + 1);
  await until(verbose, ({ text }) => !text.includes('customers_waiting'), health);

  // She leaves his question without an answer: it waits again, and she is told.
  await write(noah, 'Is there parking nearby?');
  await poll(async () => (await statuses(chat))[0] === 'customer waiting_for_person', { what: 'it to wait' });
  await pass(chat, 121);
  await untilState(noah, 'waiting', 'person_left');
  await write(dana, '2');
  await untilState(noah, 'agent', null);
  await write(noah, 'Do you have guest wifi?');
  await untilShown(noah, wifi);
});
