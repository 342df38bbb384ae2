import { type PostgresServer, startPostgres } from '@prosaas/devstack';
import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCounters } from './counters.ts';
import { type Replica, Stack, SOON } from './harness.ts';

let postgres: PostgresServer;
let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  postgres = await startPostgres();
  stack = await Stack.start(await postgres.createDatabase());
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

test('messages that arrive during an outage are acknowledged, stored and counted after it', async () => {
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'before');
  await postgres.stop();
  const acknowledged = Promise.all(
    ['during 1', 'during 2', 'during 3'].map((text) => phone.sendText(account, text)),
  );
  let done = false;
  void acknowledged.then(() => (done = true));
  await expect.poll(async () => (await replica.call('GET', '/health', {})).status, SOON).toBe(200);
  const send = await replica.send({ session: 'shop', chatId: phone.number, text: 'x' }, 'away');
  expect([send.status, send.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
  expect(done).toBe(false);
  await postgres.start();
  await acknowledged;
  expect(await stack.rows(`select text from messages order by seq`)).toEqual(
    ['before', 'during 1', 'during 2', 'during 3'].map((text) => ({ text })),
  );
  await expect.poll(() => readCounters(stack), SOON).toMatchObject({ inbound: 4 });
  expect(await replica.until('shop', 'WORKING')).toMatchObject({ reason: null });
});

test('the socket is closed in a long outage, and WhatsApp keeps what was not acknowledged', async () => {
  await replica[Symbol.asyncDispose]();
  replica = await stack.replica({ stallLimitMs: 300 });
  await replica.until('shop', 'WORKING');
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'known');
  await postgres.stop();
  await phone.sendText(account, 'kept by WhatsApp', { awaitDelivery: false });
  await expect.poll(() => account.connected, SOON).toBe(false);
  await postgres.start();
  await replica.until('shop', 'WORKING', 20_000);
  await expect
    .poll(() => stack.rows(`select text from messages order by seq desc limit 2`), SOON)
    .toEqual([{ text: 'kept by WhatsApp' }, { text: 'known' }]);
  await expect.poll(() => account.pending, SOON).toBe(0);
});

test('a service that starts before its database is healthy and waits for it', async () => {
  await replica[Symbol.asyncDispose]();
  await postgres.stop();
  replica = await stack.replica();
  await expect
    .poll(async () => (await replica.call('GET', '/health', {})).body, SOON)
    .toEqual({
      status: 'ok',
      sessions: 0,
    });
  expect((await replica.admin<{ code: string }>('GET', '/api/sessions')).body.code).toBe(
    'DATABASE_UNAVAILABLE',
  );
  await postgres.start();
  await replica.until('shop', 'WORKING', 20_000);
});
