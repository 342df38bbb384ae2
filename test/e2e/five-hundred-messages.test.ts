import { loadProfile } from '@prosaas/agentkit';
import { type Stack, poll, startStack } from '@prosaas/devstack';
import {
  type Account,
  type Phone,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PHONES = 20;
const MESSAGES_EACH = 25;
const TOTAL = PHONES * MESSAGES_EACH;
/** Each message causes two jobs: one answers it, one sends the answer. */
const JOBS_PER_MESSAGE = 2;

interface Metrics {
  counters: Record<string, number>;
  gauges: Record<string, number>;
  complete: boolean;
}

const resources = new AsyncDisposableStack();
let whatsapp: WhatsAppServer;
let stack: Stack;
let account: Account;

beforeAll(async () => {
  whatsapp = resources.use(await startWhatsAppServer());
  stack = resources.use(
    await startStack({
      env: { WHATSAPP_WS_URL: whatsapp.url, NODE_OPTIONS: `--import ${whatsappTrustPreload.href}` },
    }),
  );
  account = await pair('front-desk');
}, 120_000);

afterAll(() => resources.disposeAsync(), 60_000);

test('answers 500 messages from 20 phones in order and counts them once at every step', async () => {
  const before = await settledMetrics();
  const { faq } = await loadProfile(undefined);
  const entryOf = (phone: number, turn: number): (typeof faq)[number] => {
    const entry = faq[(phone * 3 + turn) % faq.length];
    if (entry === undefined) throw new Error('the default profile has no questions');
    return entry;
  };

  const phones = Array.from({ length: PHONES }, () => whatsapp.addPhone());
  await Promise.all(phones.map((phone, index) => ask(phone, (turn) => entryOf(index, turn).question)));
  await Promise.all(phones.map((phone) => phone.waitForCount(MESSAGES_EACH, { timeoutMs: 150_000 })));

  for (const [index, phone] of phones.entries()) {
    const read = phone.received.map(({ text }) => faq.findIndex(({ answer }) => text.includes(answer)));
    const asked = Array.from({ length: MESSAGES_EACH }, (_, turn) => faq.indexOf(entryOf(index, turn)));
    expect(read, `phone ${index} reads the answers to its questions, in their order`).toEqual(asked);
  }

  const after = await settledMetrics();
  const raised = (name: string): number => (after.counters[name] ?? 0) - (before.counters[name] ?? 0);
  expect({
    inbound: raised('whatsapp_inbound_messages'),
    outbound: raised('whatsapp_outbound_messages'),
    errors: raised('whatsapp_errors'),
    enqueued: raised('queue_jobs_enqueued'),
    completed: raised('queue_jobs_completed'),
    failed: raised('queue_jobs_failed'),
    dead: raised('queue_jobs_dead_letter'),
  }).toEqual({
    inbound: TOTAL,
    outbound: TOTAL,
    errors: 0,
    enqueued: TOTAL * JOBS_PER_MESSAGE,
    completed: TOTAL * JOBS_PER_MESSAGE,
    failed: 0,
    dead: 0,
  });
}, 240_000);

test('the api lists all conversations and messages, page by page', async () => {
  const seen: { direction: string }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: { direction: string }[]; next_cursor: string | null } = await getJson(
      `${stack.url.api}/api/messages?limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      { 'x-api-key': stack.keys.apiKey },
    );
    seen.push(...page.items);
    cursor = page.next_cursor;
  }
  expect(seen.filter(({ direction }) => direction === 'inbound')).toHaveLength(TOTAL);
  expect(seen.filter(({ direction }) => direction === 'outbound')).toHaveLength(TOTAL);
});

async function ask(phone: Phone, questionOf: (turn: number) => string): Promise<void> {
  for (let turn = 0; turn < MESSAGES_EACH; turn += 1) await phone.sendText(account, questionOf(turn));
}

async function pair(session: string): Promise<Account> {
  const admin = { 'x-api-key': stack.keys.adminKey, 'content-type': 'application/json' };
  const created = await fetch(`${stack.url.baileys}/api/sessions`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ name: session }),
  });
  expect(created.status).toBe(201);
  const qr = await poll(
    async () => {
      const response = await fetch(`${stack.url.baileys}/api/${session}/auth/qr?format=raw`, {
        headers: admin,
      });
      return response.ok ? response.text() : undefined;
    },
    { timeoutMs: 20_000, what: 'the QR code' },
  );
  return whatsapp.scanQr(qr);
}

/** `/metrics.json` once it is complete and the queues are idle. */
async function settledMetrics(): Promise<Metrics> {
  let last = '';
  return poll(
    async () => {
      const metrics = await getJson<Metrics>(`${stack.url.api}/metrics.json?verbose`, {
        authorization: `Bearer ${stack.keys.metricsToken}`,
      });
      const { queue_jobs_enqueued = 0, queue_jobs_completed = 0, queue_jobs_failed = 0 } = metrics.counters;
      const text = JSON.stringify(metrics.counters);
      const atRest =
        metrics.complete && queue_jobs_enqueued === queue_jobs_completed + queue_jobs_failed && text === last;
      last = text;
      return atRest ? metrics : undefined;
    },
    // Two readings, a publishing interval apart, must be equal.
    { timeoutMs: 60_000, everyMs: 2500, what: 'metrics at rest' },
  );
}

async function getJson<T>(url: string, headers: Record<string, string>): Promise<T> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
