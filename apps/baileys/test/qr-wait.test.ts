import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_WAITERS } from '../src/qr-wait.ts';
import { KEYS, type Replica, SOON, Stack } from './harness.ts';

interface Problem {
  code: string;
  detail: string;
}

let stack: Stack;
/** Connects to WhatsApp through the gate, which a test opens when a QR code has to come. */
let replica: Replica;
let other: Replica;
let isOpen = false;
const sockets = new Set<Socket>();
const gate = createServer((client) => {
  sockets.add(client);
  client.on('error', () => {});
  if (!isOpen) {
    client.destroy();
    return;
  }
  const server = connect(Number(new URL(stack.whatsapp.url).port), '127.0.0.1');
  sockets.add(server);
  server.on('error', () => {});
  client.pipe(server).pipe(client);
});

beforeAll(async () => {
  stack = await Stack.start();
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const url = `ws://127.0.0.1:${(gate.address() as AddressInfo).port}/ws/chat`;
  replica = await stack.replica({}, url);
  other = await stack.replica({}, url);
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  gate.close();
});

const headers = { 'x-api-key': KEYS.ADMIN_KEY };

function ask(from: Replica, id: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${from.url}/api/${id}/auth/qr?format=raw`, { headers, ...init });
}

test('a request right after the creation of a session gets its code, through either replica', async () => {
  isOpen = true;
  for (let round = 0; round < 5; round += 1) {
    const id = `front-desk-${round}`;
    expect((await replica.admin('POST', '/api/sessions', { name: id })).status).toBe(201);
    const answer = await ask(round % 2 ? other : replica, id);
    expect([answer.status, (await answer.text()).length > 50]).toEqual([200, true]);
  }
});

test('a session that will have no code is reported at once, with what to do', async () => {
  await stack.pair(replica, 'paired');
  await replica.admin('POST', '/api/sessions', { id: 'stopped', start: false });
  for (const [id, words] of [
    ['paired', '/api/sessions/paired/logout'],
    ['stopped', '/api/sessions/stopped/start'],
  ] as const) {
    const answer = await ask(replica, id);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      409,
      expect.stringContaining('application/problem+json'),
    ]);
    const { code, detail } = (await answer.json()) as Problem;
    expect([code, detail]).toEqual(['QR_NOT_AVAILABLE', expect.stringContaining(words)]);
  }
});

test('closed requests stop waiting, HEAD does not wait, and the number of waiters is limited', async () => {
  isOpen = false;
  // So that it is this replica that holds the session.
  await other[Symbol.asyncDispose]();
  await replica.admin('POST', '/api/sessions', { id: 'slow' });
  expect((await ask(replica, 'slow', { method: 'HEAD' })).status).toBe(409);

  const leaving = new AbortController();
  const TOO_MANY = 5;
  const refused: Problem[] = [];
  const waiting = Array.from({ length: MAX_WAITERS + TOO_MANY }, () =>
    ask(replica, 'slow', { signal: leaving.signal }).then(
      async (answer) => refused.push((await answer.json()) as Problem),
      () => undefined,
    ),
  );
  await expect.poll(() => refused.length, SOON).toBe(TOO_MANY);
  expect(refused[0]).toMatchObject({ code: 'QR_NOT_AVAILABLE' });
  expect(refused[0]?.detail).toMatch(/no QR code yet/);

  leaving.abort();
  await Promise.all(waiting);
  const waits = async (): Promise<boolean> => {
    const answer = await ask(replica, 'slow', { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    return answer === undefined;
  };
  await expect.poll(waits, SOON).toBe(true);
  const late = ask(replica, 'slow');
  isOpen = true;
  const answer = await late;
  expect([answer.status, (await answer.text()).length > 50]).toEqual([200, true]);
});

test('waiting requests are answered when the session is stopped or the service ends', async () => {
  isOpen = false;
  await replica.admin('POST', '/api/sessions', { id: 'first' });
  const stopped = ask(replica, 'first');
  await replica.admin('POST', '/api/sessions/first/stop');
  expect(((await (await stopped).json()) as Problem).detail).toContain('/api/sessions/first/start');

  await replica.admin('POST', '/api/sessions', { id: 'second' });
  const ended = ask(replica, 'second', { headers: { ...headers, connection: 'close' } });
  // The request has looked for the code once the session shows its status.
  await replica.until('second', 'STARTING');
  await replica[Symbol.asyncDispose]();
  await ended.then((answer) => expect(answer.status).toBe(409));
});
