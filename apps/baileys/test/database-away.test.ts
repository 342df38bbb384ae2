import { type PostgresServer, startPostgres } from '@prosaas/devstack';
import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counted } from './counters.ts';
import { type Replica, Stack, eventually } from './harness.ts';

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

test('what comes while the database is away is acknowledged, stored and counted when it is back', async () => {
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'before');
  await postgres.stop();
  const acknowledged = Promise.all(
    ['during 1', 'during 2', 'during 3'].map((text) => phone.sendText(account, text)),
  );
  let done = false;
  void acknowledged.then(() => (done = true));
  const health = await replica.call('GET', '/health', {});
  expect(health.status).toBe(200);
  const send = await replica.send({ session: 'shop', chatId: phone.number, text: 'x' }, 'away');
  expect([send.status, send.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
  expect(done).toBe(false);
  await postgres.start();
  await acknowledged;
  expect(await stack.rows(`select text from messages order by seq`)).toEqual(
    ['before', 'during 1', 'during 2', 'during 3'].map((text) => ({ text })),
  );
  await eventually(() => counted(stack)).toMatchObject({ inbound: 4 });
  expect(await replica.until('shop', 'WORKING')).toMatchObject({ reason: null });
});

test('a service that starts before its database waits for it, and says that it is there', async () => {
  await replica[Symbol.asyncDispose]();
  await postgres.stop();
  replica = await stack.replica();
  await eventually(async () => (await replica.call('GET', '/health', {})).body).toEqual({
    status: 'ok',
    sessions: 0,
  });
  expect((await replica.admin<{ code: string }>('GET', '/api/sessions')).body.code).toBe(
    'DATABASE_UNAVAILABLE',
  );
  await postgres.start();
  await replica.until('shop', 'WORKING', 20_000);
});
