// Time from a phone's message to the answer on the phone: the baileys service and the worker, compared with a bare client that
// echoes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createDatabase, migrate } from '@prosaas/database';
import { type Stack, poll, startStack } from '@prosaas/devstack';
import { median, ratioOf, report, short, turnsInRounds } from '@prosaas/devstack/bench';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { type Account, startWhatsAppServer, whatsappTrustPreload } from '@prosaas/simulators';
import { createSystemMetricsReader } from '@prosaas/telemetry';
import { costsOf } from './costs.ts';
import { budgetOf, readStages } from './stages.ts';
import { startCustomers } from './customers.ts';

const ROUNDS = 5;
const TURNS = 60;
const COUNTED_TURNS = 200;
const SESSION = 'shop';
const log = createLogger({ service: 'bench', instance: 'bench', level: 'silent' });

// The simulator's libsignal prints sessions.
for (const method of ['info', 'warn', 'error'] as const) console[method] = () => {};
await using whatsapp = await startWhatsAppServer();
await using stack = await startStack({
  services: ['baileys', 'worker'],
  wait: false,
  env: {
    WHATSAPP_WS_URL: whatsapp.url,
    NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
    LOG_LEVEL: 'WARNING',
    AGENT_MOST_ANSWERS: '0',
  },
});
await migrate({ url: stack.databaseUrl, log });
await Promise.all([stack.services.baileys.ready(), stack.services.worker.ready()]);
await using echo = await startEcho();
const talks = {
  echo: await startCustomers(whatsapp, echo.account),
  prosaas: await startCustomers(whatsapp, await pair(stack)),
};

const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 20));
const turns = await turnsInRounds(
  {
    echo: { run: talks.echo.ask, settle, turns: TURNS },
    prosaas: { run: talks.prosaas.ask, settle, turns: TURNS },
  },
  ROUNDS,
);
const latencies = (name: keyof typeof talks): number[] => turns[name]!.map(median);
const milliseconds = (microseconds: number): string => `${short(microseconds / 1000)} ms`;
report(
  'From a phone to the answer at the phone, one message at a time, medians',
  {
    'a bare client that echoes': milliseconds(median(latencies('echo'))),
    prosaas: milliseconds(median(latencies('prosaas'))),
  },
  [
    {
      what: 'latency, of the bare client',
      ratio: ratioOf(latencies('prosaas'), latencies('echo')),
      atMost: 4,
    },
  ],
);

const db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'bench', log });
const redis = createRedis({ url: stack.redisUrl, name: 'bench', role: 'commands', log });
await redisReady(redis);
{
  await using reader = createSystemMetricsReader({ redis, keyspace: keyspace('prosaas'), onError: () => {} });
  const before = await readStages(reader);
  const ask = async (): Promise<void> => {
    await talks.prosaas.ask();
    await settle();
  };
  const costs = await costsOf({ db, redis }, ask, COUNTED_TURNS);
  report('Stages of a message, one at a time: median, mean', budgetOf(before, await readStages(reader)), []);
  const goal = (name: keyof typeof costs, atMost: number): Parameters<typeof report>[2][number] => ({
    what: name,
    ratio: { median: costs[name], low: costs[name], high: costs[name] },
    atMost,
  });
  report(
    'What a message costs, one at a time',
    Object.fromEntries(Object.entries(costs).map(([name, value]) => [name, short(value)])),
    [goal('PostgreSQL transactions', 10), goal('Redis commands', 80)],
  );
}

const rates: Record<keyof typeof talks, number[]> = { echo: [], prosaas: [] };
for (let round = -1; round < ROUNDS; round++) {
  for (const name of ['echo', 'prosaas'] as const) {
    const rate = await talks[name].askAtOnce();
    // The first round warms up.
    if (round >= 0) rates[name].push(rate);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
report(
  '300 messages from 20 phones at once, answers a second',
  { 'a bare client that echoes': short(median(rates.echo)), prosaas: short(median(rates.prosaas)) },
  [{ what: 'throughput, of the bare client', ratio: ratioOf(rates.prosaas, rates.echo), atLeast: 0.25 }],
);
await db[Symbol.asyncDispose]();
await closeRedis(redis);

async function startEcho(): Promise<AsyncDisposable & { account: Account }> {
  const child: ChildProcess = fork(
    fileURLToPath(new URL('peers/echo-client.ts', import.meta.url)),
    [whatsapp.url],
    { execArgv: ['--import', whatsappTrustPreload.href] },
  );
  const [{ qr }] = (await once(child, 'message')) as [{ qr: string }];
  return {
    account: await whatsapp.scanQr(qr),
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

async function pair({ url, keys }: Stack): Promise<Account> {
  const request = (path: string, body?: object): Promise<Response> =>
    fetch(new URL(path, url.baileys), {
      method: body ? 'POST' : 'GET',
      headers: { 'x-api-key': keys.adminKey, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  await poll(async () => (await request('/api/sessions', { id: SESSION })).status === 201, {
    timeoutMs: 30_000,
    what: 'the session to be created',
  });
  const qr = await poll(
    async () => {
      const answer = await request(`/api/${SESSION}/auth/qr?format=raw`);
      return answer.ok && answer.text();
    },
    { timeoutMs: 30_000, what: 'the QR code' },
  );
  const account = await whatsapp.scanQr(qr);
  await poll(
    async () =>
      ((await (await request(`/api/sessions/${SESSION}`)).json()) as { status: string }).status === 'WORKING',
    { timeoutMs: 30_000, what: 'the session to work' },
  );
  return account;
}
