import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEYS, type Replica, type SessionBody, Stack, SOON, qrOf } from './harness.ts';

let stack: Stack;
let first: Replica;
let second: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  first = await stack.replica();
  account = await stack.pair(first, 'shop');
  second = await stack.replica();
});
afterAll(() => stack[Symbol.asyncDispose]());

const held = async (replica: Replica): Promise<number> =>
  (await replica.call<{ sessions: number }>('GET', '/health', {})).body.sessions;

test('one replica holds a session, and the other knows its status', async () => {
  expect([await held(first), await held(second)]).toEqual([1, 0]);
  await expect.poll(() => second.session('shop'), SOON).toMatchObject({ status: 'WORKING' });
});

test('a send to the other replica is forwarded, once for each key', async () => {
  const phone = stack.whatsapp.addPhone();
  const body = { session: 'shop', chatId: phone.number, text: 'passed on' };
  const answers = await Promise.all([second.send(body, 'pass'), first.send(body, 'pass')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[0]?.body).toEqual(answers[1]?.body);
  await phone.waitForCount(1);
  expect(phone.repeats).toBe(0);
});

test('errors of the owner are returned unchanged', async () => {
  const body = { session: 'shop', chatId: '972501234567', text: 'other' };
  const answer = await second.send(body, 'pass');
  expect([answer.status, answer.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  const qr = await second.admin<{ code: string }>('GET', '/api/shop/auth/qr');
  expect([qr.status, qr.body.code]).toEqual([409, 'QR_NOT_AVAILABLE']);
});

test('a QR code is fetched and a session stopped through either replica', async () => {
  await first.admin('POST', '/api/sessions', { id: 'either' });
  const codes = await Promise.all([qrOf(first, 'either'), qrOf(second, 'either')]);
  expect(new Set(codes).size).toBe(1);
  for (const replica of [second, first]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const stopped = await replica.admin('POST', '/api/sessions/either/stop');
    expect(stopped).toMatchObject({ status: 200, body: { status: 'STOPPED' } });
  }
});

test('a forwarded request is not forwarded again', async () => {
  await stack.commands.hset('{prosaas}:whatsapp:owner:ghost', {
    instance: 'gone',
    url: first.url,
    token: '1',
  });
  await first.admin('POST', '/api/sessions', { id: 'ghost' });
  // The owner is gone, and another replica listens at its address now.
  const gone = await second.send({ session: 'ghost', chatId: '972501234567', text: 'x' });
  expect([gone.status, gone.body.code]).toEqual([503, 'HOP_REFUSED']);
  const holder = (await stack.commands.hget('{prosaas}:whatsapp:owner:shop', 'instance')) ?? '';
  await stack.commands.hset('{prosaas}:whatsapp:owner:ghost', { instance: holder });
  const answer = await second.send({ session: 'ghost', chatId: '972501234567', text: 'x' });
  expect([answer.status, answer.body.code]).toEqual([409, 'SESSION_NOT_WORKING']);
  await stack.commands.hset('{prosaas}:whatsapp:owner:ghost', { url: 'http://127.0.0.1:1' });
  const away = await second.send({ session: 'ghost', chatId: '972501234567', text: 'x' });
  expect([away.status, away.body.code]).toEqual([503, 'OWNER_UNREACHABLE']);
  await stack.commands.del('{prosaas}:whatsapp:owner:ghost');
  await first.until('ghost', 'SCAN_QR_CODE');
  expect((await first.admin('DELETE', '/api/sessions/ghost')).status).toBe(204);
});

test('the sessions of a replica that ends move to the other one', async () => {
  const phone = stack.whatsapp.addPhone();
  await first[Symbol.asyncDispose]();
  await phone.sendText(account, 'on the way', { awaitDelivery: false });
  await second.until('shop', 'WORKING');
  expect(await held(second)).toBe(1);
  await expect
    .poll(() => stack.rows(`select 1 from messages where text = 'on the way'`), SOON)
    .toHaveLength(1);
});

test('a session ends at once when another replica has its lease', async () => {
  const owner = '{prosaas}:whatsapp:owner:shop';
  const token = Number(await stack.commands.hget(owner, 'token'));
  await stack.commands.hset(owner, {
    instance: 'somebody',
    url: 'http://127.0.0.1:1',
    token: String(token + 1),
  });
  await expect.poll(() => account.connected, SOON).toBe(false);
  await expect.poll(() => held(second), SOON).toBe(0);
  await stack.commands.del(owner);
  await second.until('shop', 'WORKING');
});

test('an expired lease that nobody took is acquired again, and the connection stays', async () => {
  const owner = '{prosaas}:whatsapp:owner:shop';
  const { since } = await second.session('shop');
  const token = await stack.commands.hget(owner, 'token');
  await stack.commands.del(owner);
  const fence = async (): Promise<boolean> => {
    const newer = await stack.commands.hget(owner, 'token');
    const [row] = await stack.rows<{ fence: string }>(
      `select fence::text as fence from whatsapp_credentials where session_id = 'shop'`,
    );
    return newer !== token && row?.fence === newer;
  };
  await expect.poll(fence, SOON).toBe(true);
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'still here');
  expect(await second.session('shop')).toMatchObject({ status: 'WORKING', since });
});

test('an owner with an old fence cannot write, and releases the session', async () => {
  const phone = stack.whatsapp.addPhone();
  await stack.rows(`update whatsapp_credentials set fence = fence + 1 where session_id = 'shop'`);
  await phone.sendText(account, 'fenced', { awaitDelivery: false });
  // Its next lease has a newer token: the message was not acknowledged, and comes again.
  await expect.poll(() => stack.rows(`select 1 from messages where text = 'fenced'`), SOON).toHaveLength(1);
  await second.until('shop', 'WORKING');
});

test('held sessions go on while Redis is down, and show it', async () => {
  await stack.redis.stop();
  await expect
    .poll(() => second.session('shop'), SOON)
    .toMatchObject({
      status: 'WORKING',
      reason: 'redis_unavailable',
    });
  const phone = stack.whatsapp.addPhone();
  await phone.sendText(account, 'without redis');
  expect(await stack.rows(`select 1 from messages where text = 'without redis'`)).toHaveLength(1);
  const sent = await second.send({ session: 'shop', chatId: phone.number, text: 'answer' });
  expect(sent.status).toBe(200);
  const verbose = await second.call('GET', '/health?verbose', {});
  expect(verbose.status).toBe(200);
  await stack.redis.start();
  await expect.poll(() => second.session('shop'), SOON).toMatchObject({ status: 'WORKING', reason: null });
  expect(account.connected).toBe(true);
  const list = await second.call<{ items: SessionBody[] }>('GET', '/api/sessions', {
    'x-internal-secret': KEYS.INTERNAL_SECRET,
  });
  expect(list.body.items.find(({ id }) => id === 'shop')).toMatchObject({ status: 'WORKING' });
});
