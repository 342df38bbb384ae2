import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, createDatabase } from '@prosaas/database';
import { type Stack, type StackOptions, poll } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import {
  type Account,
  type Phone,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { ask } from './ask.ts';
import { repository } from './npm-start.ts';
import { startQuickStack, until } from './stack.ts';

/** A stack with a WhatsApp account to which customers write. */
export interface FrontDesk extends AsyncDisposable {
  stack: Stack;
  whatsapp: WhatsAppServer;
  account: Account;
  db: Database;
  /** Adds a person of the business. Returns her id and key. */
  addPerson: (name: string, role: 'owner' | 'staff') => Promise<{ id: string; key: string }>;
  /** Sends a customer's message, dated 20 s ago, because a reply within 3 s of a message does not count as a person's. */
  write: (customer: Phone, text: string) => Promise<unknown>;
  /** Waits until the conversation with a customer is in this state. Returns its id. */
  untilState: (customer: Phone, state: string) => Promise<string>;
  api: (method: string, path: string, body?: unknown, key?: string) => ReturnType<typeof ask>;
}

export interface FrontDeskOptions extends Pick<StackOptions, 'services'> {
  /** YAML; by default the shipped profile, always open. */
  profile?: string;
}

export async function startFrontDesk(options: FrontDeskOptions = {}): Promise<FrontDesk> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'prosaas-desk-'));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const profile = join(folder, 'profile.yaml');
  await writeFile(profile, options.profile ?? (await alwaysOpenProfile()));
  const whatsapp = opening.use(await startWhatsAppServer());
  const stack = opening.use(
    await startQuickStack({
      ...(options.services && { services: options.services }),
      env: {
        PROFILE_PATH: profile,
        NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
        WHATSAPP_WS_URL: whatsapp.url,
      },
    }),
  );
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const db = opening.use(createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log }));
  const account = await pair(stack, whatsapp);
  const api: FrontDesk['api'] = (method, path, body, key = stack.keys.adminKey) =>
    ask(stack.url.api + path, {
      method,
      headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const open = opening.move();
  return {
    stack,
    whatsapp,
    account,
    db,
    api,
    addPerson: async (name, role) =>
      (await api('POST', '/api/people', { name, role })).body as { id: string; key: string },
    write: (customer, text) => customer.sendText(account, text, { sentAt: new Date(Date.now() - 20_000) }),
    untilState: (customer, state) =>
      poll(
        async () => {
          const { body } = await api('GET', `/api/conversations?contact=${customer.number}`);
          const [chat] = (body?.['items'] ?? []) as { id: string; state: string }[];
          return chat?.state === state && chat.id;
        },
        { what: `the chat of ${customer.pushName} to be ${state}`, timeoutMs: 30_000 },
      ),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The shipped profile, always open and without quiet hours. */
async function alwaysOpenProfile(): Promise<string> {
  const profile = await readFile(join(repository, 'packages/agentkit/profiles/default.yaml'), 'utf8');
  const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
  const week = days.map((day) => `    ${day}: ['00:00-24:00']\n`).join('');
  return profile
    .replace(/^( {2}week:\n)(?: {4}.*\n)+/m, `$1${week}`)
    .replace(/^ {2}quiet: .*$/m, '  quiet: null');
}

async function pair(stack: Stack, whatsapp: WhatsAppServer): Promise<Account> {
  const headers = { 'x-api-key': stack.keys.adminKey };
  await ask(`${stack.url.baileys}/api/sessions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'front-desk' }),
  });
  const qr = await until(
    `${stack.url.baileys}/api/front-desk/auth/qr?format=raw`,
    ({ status }) => status === 200,
    { init: { headers } },
  );
  const paired = await whatsapp.scanQr(qr.text);
  await until(`${stack.url.baileys}/api/sessions/front-desk`, ({ body }) => body?.['status'] === 'WORKING', {
    init: { headers },
  });
  return paired;
}
