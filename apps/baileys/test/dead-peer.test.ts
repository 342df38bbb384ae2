import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Replica, SOON, Stack } from './harness.ts';

let stack: Stack;
let replica: Replica;
/** Between client and WhatsApp; frozen, it takes everything and passes nothing on, as a dead network does. */
let frozen = false;
const lines = new Set<Socket>();
const proxy = createServer((client) => {
  const { port } = new URL(stack.whatsapp.url);
  const server = connect(Number(port), '127.0.0.1');
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    lines.add(from);
    from.on('data', (data) => {
      if (!frozen) to.write(data);
    });
    from.on('error', () => {});
    from.on('close', () => {
      if (!frozen) to.destroy();
    });
  }
});

beforeAll(async () => {
  stack = await Stack.start();
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  replica = await stack.replica({}, `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/ws/chat`);
  await stack.pair(replica, 'shop');
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  for (const line of lines) line.destroy();
  proxy.close();
});

test('a session whose peer does not answer is stopped at once', async () => {
  frozen = true;
  const stopped = await replica.admin('POST', '/api/sessions/shop/stop');
  expect(stopped.body).toMatchObject({ status: 'STOPPED' });
  frozen = false;
  await replica.admin('POST', '/api/sessions/shop/start');
  await replica.until('shop', 'WORKING', 20_000);
});

test('a send over a dead connection times out and can be repeated', async () => {
  const impatient = await stack.replica(
    { ackTimeoutMs: 3000 },
    `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/ws/chat`,
  );
  await replica[Symbol.asyncDispose]();
  await impatient.until('shop', 'WORKING', 20_000);
  const phone = stack.whatsapp.addPhone();
  expect((await impatient.send({ session: 'shop', chatId: phone.number, text: 'one' })).status).toBe(200);
  frozen = true;
  const answer = await impatient.send({ session: 'shop', chatId: phone.number, text: 'two' }, 'two');
  expect([answer.status, answer.body.code]).toEqual([504, 'ACK_TIMEOUT']);
  frozen = false;
  await impatient.admin('POST', '/api/sessions/shop/restart');
  await impatient.until('shop', 'WORKING', 20_000);
  expect((await impatient.send({ session: 'shop', chatId: phone.number, text: 'two' }, 'two')).status).toBe(
    200,
  );
  await expect.poll(() => phone.received.map(({ text }) => text), SOON).toEqual(['one', 'two']);
});
