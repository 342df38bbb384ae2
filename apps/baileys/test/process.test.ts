import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort, poll, serviceProgram } from '@prosaas/devstack';
import { type Account, type Phone, whatsappTrustPreload } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEYS, type Replica, SOON, Stack, remoteReplica } from './harness.ts';

const PHONES = 5;
const TEXTS = 40;

let stack: Stack;
let child: ChildProcess;
let replica: Replica;
let account: Account;
let output = '';

beforeAll(async () => {
  stack = await Stack.start();
  await start();
  account = await stack.pair(replica, 'shop');
});
afterAll(async () => {
  child.kill('SIGKILL');
  await stack[Symbol.asyncDispose]();
});

async function start(): Promise<void> {
  const port = await freePort();
  child = spawn(
    process.execPath,
    ['--conditions=@prosaas/source', '--import', whatsappTrustPreload.href, await serviceProgram('baileys')],
    {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...KEYS,
        LOG_LEVEL: 'DEBUG',
        BAILEYS_PORT: String(port),
        DATABASE_URL: stack.databaseUrl,
        REDIS_URL: stack.redis.url,
        WHATSAPP_WS_URL: stack.whatsapp.url,
        DRAIN_SECONDS: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => (output += data.toString()));
  }
  replica = remoteReplica(`http://127.0.0.1:${port}`);
  await poll(async () => (await replica.call('GET', '/health', {})).status === 200, {
    timeoutMs: 60_000,
    what: `the service to be up:\n${output.slice(-2000)}`,
  });
}

test(
  'a service that is killed under traffic stores every message once and in order',
  { timeout: 120_000 },
  async () => {
    const phones = Array.from({ length: PHONES }, () => stack.whatsapp.addPhone());
    const pour = async (phone: Phone): Promise<void> => {
      for (let index = 0; index < TEXTS; index += 1) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        await phone.sendText(account, `${phone.number} ${index}`, { awaitDelivery: false });
      }
    };
    const poured = Promise.all(phones.map(pour));
    const stored = () =>
      stack.rows<{ text: string }>('select text from messages order by conversation_id, seq');
    for (const share of [0.2, 0.5]) {
      // oxlint-disable-next-line no-await-in-loop -- one crash after the other
      await expect.poll(async () => (await stored()).length, SOON).toBeGreaterThan(PHONES * TEXTS * share);
      child.kill('SIGKILL');
      // oxlint-disable-next-line no-await-in-loop
      await once(child, 'exit');
      // oxlint-disable-next-line no-await-in-loop
      await start();
    }
    await poured;
    await expect.poll(async () => (await stored()).length, SOON).toBe(PHONES * TEXTS);
    await expect.poll(() => account.pending, SOON).toBe(0);
    const texts = (await stored()).map(({ text }) => text);
    for (const { number } of phones) {
      expect(texts.filter((text) => text.startsWith(`${number} `))).toEqual(
        Array.from({ length: TEXTS }, (_, index) => `${number} ${index}`),
      );
    }
  },
);

test(
  'SIGTERM closes sockets without a logout, releases leases, and exits with 0',
  { timeout: 60_000 },
  async () => {
    await replica.until('shop', 'WORKING', 20_000);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(await stack.commands.exists('{prosaas}:whatsapp:owner:shop')).toBe(0);
    expect(account.connected).toBe(false);
    await start();
    expect(await replica.until('shop', 'WORKING', 20_000)).toMatchObject({ reason: null });
  },
);

test('the log at DEBUG holds no key, message text or client session', () => {
  for (const secret of [
    ...Object.values(KEYS),
    'privKey',
    'chainKey',
    'rootKey',
    '<Buffer',
    'SessionEntry {',
  ]) {
    expect(output).not.toContain(secret);
  }
  expect(output).not.toMatch(/"text":"\d+ \d+"/);
});
