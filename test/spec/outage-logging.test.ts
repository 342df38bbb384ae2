import { setTimeout as delay } from 'node:timers/promises';
import { type Database, createDatabase } from '@prosaas/database';
import { type ServiceName, type Stack, poll, serviceNames } from '@prosaas/devstack';
import { type WhatsAppServer, startWhatsAppServer, whatsappTrustPreload } from '@prosaas/simulators';
import { createLogger } from '@prosaas/runtime';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { type LogLine, isStatus, logLines, startQuickStack, until } from './support/stack.ts';

const minute = new URL('./support/short-minute.ts', import.meta.url).href;
/** The interval of reminders that `short-minute.ts` sets. */
const REMINDER_MS = 3000;
const OUTAGE_MS = 8000;
/** Also on a machine so slow that this takes longer than `OUTAGE_MS`. */
const MIN_ROUNDS = 20;
const printed = new Map<ServiceName, string[]>(serviceNames.map((service) => [service, []]));
let whatsapp: WhatsAppServer;
let stack: Stack;
let db: Database;
let conversation: string;

beforeAll(async () => {
  whatsapp = await startWhatsAppServer();
  stack = await startQuickStack({
    fromSources: true,
    onLine: (source, line) => printed.get(source as ServiceName)?.push(line),
    env: {
      NODE_OPTIONS: `--import ${minute} --import ${whatsappTrustPreload.href}`,
      WHATSAPP_WS_URL: whatsapp.url,
    },
  });
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  conversation = await openConversation();
});
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const service of serviceNames) console.log(linesOf(service).map(describe).join('\n'));
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  await whatsapp?.[Symbol.asyncDispose]();
});

interface Outage {
  name: string;
  /** The lines if they are the same in each service. */
  lines?: { begins: string; ends: string };
  begin: () => Promise<unknown>;
  end: () => Promise<unknown>;
}

/** A scheduled run during the outage fails once, and the check of the queues shows this until the next run. */
const aboutSchedules = /^a scheduled run failed|^(?:still: )?the health check queues /;

/** On a busy machine the simulated WhatsApp may acknowledge the message of one job too late. */
const isLateAck = ({ error }: LogLine): boolean => String(error).includes('ACK_TIMEOUT');

const isBegin = ({ level, msg }: LogLine): boolean => level !== 'info' && !msg.startsWith('still: ');
const isEnd = ({ level, seconds }: LogLine): boolean => level === 'info' && typeof seconds === 'number';

const describe = ({ time, level, service, msg, error }: LogLine): string =>
  [time, level, service, msg, error].join(' ');

test.each<Outage>([
  // First, because a failure just after an outage of a dependency is not logged.
  {
    name: 'columns have other names',
    begin: () => renameColumns((table, column) => [table, column, `${column}_old`]),
    end: () => renameColumns((table, column) => [table, `${column}_old`, column]),
  },
  {
    name: 'PostgreSQL is away',
    lines: { begins: 'PostgreSQL is away', ends: 'PostgreSQL is back' },
    begin: async () => stack.postgres?.stop(),
    end: async () => stack.postgres?.start(),
  },
  {
    name: 'PostgreSQL is read-only',
    lines: { begins: 'PostgreSQL cannot write', ends: 'PostgreSQL can write again' },
    begin: () => setReadOnly('set default_transaction_read_only = on'),
    end: () => setReadOnly('reset default_transaction_read_only'),
  },
  {
    name: 'Redis is away',
    lines: { begins: 'Redis is away', ends: 'Redis is back' },
    begin: async () => stack.redis?.stop(),
    end: async () => stack.redis?.start(),
  },
])(
  'while $name, each service logs one line at the start, one a minute, and one at the end',
  async ({ lines, begin, end }) => {
    await until(`${stack.url.api}/readyz?verbose`, ({ text }) => !/^\[-\]/m.test(text));
    const before = new Map(serviceNames.map((service) => [service, linesOf(service).length]));
    const audited = await countAudited();
    const began = performance.now();
    await begin();
    const rounds = await askDuringOutage();
    await end();
    const since = (service: ServiceName): LogLine[] =>
      linesOf(service)
        .slice(before.get(service))
        .filter(({ msg }) => msg !== 'request answered' && !aboutSchedules.test(msg))
        .filter((line) => !isLateAck(line));
    const servicesInOutage = (): string[] =>
      serviceNames.flatMap((service) => {
        const logged = since(service);
        const open = logged.filter(isBegin).length - logged.filter(isEnd).length;
        const isOver = lines === undefined || logged.some(({ msg }) => msg === lines.ends);
        return open > 0 || !isOver ? [service] : [];
      });
    // Some services notice the end of an outage only at their next request.
    await poll(async () => (await askOnce(), servicesInOutage().length === 0), {
      timeoutMs: 30_000,
      everyMs: 200,
      what: 'the last line of each outage',
    });
    await until(`${stack.url.api}/readyz`, isStatus(200));
    await poll(async () => (await countAudited()) >= audited + 2 * rounds, { what: 'all audited requests' });

    // One for each interval, and one for rounding.
    const mostReminders = Math.ceil((performance.now() - began) / REMINDER_MS) + 1;
    // A line for each failed request would be more.
    expect(mostReminders).toBeLessThan(rounds);
    for (const service of serviceNames) {
      const logged = since(service);
      expect(JSON.stringify(linesOf(service).slice(before.get(service)))).not.toContain('"stack"');
      const tooOften = [...countTexts(logged)].filter(
        ([text, count]) => count > (text.startsWith('still: ') ? mostReminders : 3),
      );
      expect([service, ...tooOften]).toEqual([service]);
      const lateAcks = linesOf(service).slice(before.get(service)).filter(isLateAck);
      expect(lateAcks.length).toBeLessThanOrEqual(1);
      const begun = logged.filter(isBegin).map(({ msg }) => msg);
      expect([service, ...begun]).toEqual([service, ...new Set(begun)]);
      if (lines === undefined) continue;
      // There must be no other warning.
      const found = logged.filter(({ level, msg }) => level !== 'info' || msg === lines.ends);
      expect(found[0]).toMatchObject({ level: 'warn', msg: lines.begins });
      expect(found.at(-1)).toMatchObject({ level: 'info', msg: lines.ends, seconds: expect.any(Number) });
      const reminders = found.slice(1, -1).map(({ msg }) => msg);
      expect(reminders.length).toBeGreaterThan(0);
      expect([service, ...new Set(reminders)]).toEqual([service, `still: ${lines.begins}`]);
    }
  },
);

function countTexts(lines: readonly LogLine[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { msg } of lines) counts.set(msg, (counts.get(msg) ?? 0) + 1);
  return counts;
}

async function countAudited(): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count(*)::int as count from audit_log');
  return row?.count ?? 0;
}

/** Sends requests of monitors and clients for the time of an outage. Returns the number of rounds. */
async function askDuringOutage(): Promise<number> {
  const over = performance.now() + OUTAGE_MS;
  let rounds = 0;
  for (; rounds < MIN_ROUNDS || performance.now() < over; rounds++) {
    await askOnce();
    await delay(200);
  }
  return rounds;
}

/** Probes, two audited requests and two sends. */
async function askOnce(): Promise<void> {
  const { api, calls, baileys } = stack.url;
  const admin = { headers: { 'x-admin-key': stack.keys.adminKey } };
  const send = (body: object): RequestInit => ({
    method: 'POST',
    headers: { 'x-api-key': stack.keys.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await Promise.allSettled([
    ask(`${api}/readyz`),
    ask(`${calls}/health`),
    ask(`${baileys}/health`),
    ask(`${api}/api/conversations`, admin),
    ask(`${baileys}/api/sessions/front`, admin),
    ask(`${api}/api/messages`, send({ conversation_id: conversation, text: 'Hello' })),
    ask(`${baileys}/api/sendText`, send({ session: 'front', chatId: '15550001111', text: 'Hello' })),
  ]);
}

async function setReadOnly(change: string): Promise<void> {
  await db.query(`alter system ${change}`);
  await db.query('select pg_reload_conf()');
}

/** Columns that an audited request, a session and a send use. */
const columns = [
  ['audit_log', 'action'],
  ['whatsapp_sessions', 'wanted'],
  ['whatsapp_sends', 'body_hash'],
  ['conversations', 'opted_out_at'],
  ['messages', 'status'],
] as const;

async function renameColumns(
  names: (table: string, column: string) => [table: string, from: string, to: string],
): Promise<void> {
  for (const [table, column] of columns) {
    const [, from, to] = names(table, column);
    await db.query(`alter table ${table} rename column ${from} to ${to}`);
  }
}

/** Pairs a session and lets a contact write to it. Returns the conversation. */
async function openConversation(): Promise<string> {
  const admin = { 'x-admin-key': stack.keys.adminKey, 'content-type': 'application/json' };
  await ask(`${stack.url.baileys}/api/sessions`, { method: 'POST', headers: admin, body: '{"id":"front"}' });
  const code = `${stack.url.baileys}/api/front/auth/qr?format=raw`;
  const { text: qr } = await until(code, isStatus(200), { init: { headers: admin } });
  const account = await whatsapp.scanQr(qr);
  await whatsapp.addPhone({ number: '15550001111' }).sendText(account, 'Hello', { awaitDelivery: true });
  return poll(
    async () => {
      const { body } = await ask(`${stack.url.api}/api/conversations`, { headers: admin });
      return (body as { items: { id: string }[] }).items[0]?.id;
    },
    { what: 'the conversation' },
  );
}

function linesOf(service: ServiceName): LogLine[] {
  return logLines((printed.get(service) ?? []).join('\n'));
}
