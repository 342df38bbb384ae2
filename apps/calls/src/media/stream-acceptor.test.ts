import { once } from 'node:events';
import websocket from '@fastify/websocket';
import { type App, buildHttpApp } from '@prosaas/http';
import { createLogger } from '@prosaas/runtime';
import { openUpgrade } from '@prosaas/devstack';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mediaStreamPath, mediaStreamRoute } from '../routes/media-stream.ts';
import type { MediaStream } from './media-stream.ts';
import { createStreamAcceptor, webSocketLimits } from './stream-acceptor.ts';

const log = createLogger({ service: 'calls', instance: 'test', level: 'silent' });

let app: App;
let url: string;
/** Whether Redis accepts a valid token, once it answers. */
let redeemed: PromiseWithResolvers<boolean>;
let redeems: number;
let heard: string[];

beforeEach(async () => {
  redeemed = Promise.withResolvers();
  redeems = 0;
  heard = [];
  const acceptStream = createStreamAcceptor({
    isValidToken: (callSid, token) => token === `token of ${callSid}`,
    redeem: () => {
      redeems += 1;
      return redeemed.promise;
    },
    onStream: (_callSid, stream) => listen(stream),
    handshakeMs: 5000,
    frameMs: 20,
    mediaGapMs: 5000,
    maxUnauthenticated: 2,
    log,
  });
  app = buildHttpApp({ log, webSocketPath: mediaStreamPath });
  await app.register(websocket, { options: webSocketLimits });
  mediaStreamRoute(app, acceptStream);
  url = `${(await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')}${mediaStreamPath}`;
});
afterEach(() => app.close());

function listen(stream: MediaStream): void {
  stream.listener = { digit: (digit) => heard.push(digit) };
}

async function open(...messages: string[]): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  for (const message of messages) socket.send(message);
  return socket;
}

async function closeCode(socket: WebSocket): Promise<number> {
  if (socket.readyState === WebSocket.CLOSED) throw new Error('it is closed already');
  const [event] = (await once(socket, 'close')) as [CloseEvent];
  return event.code;
}

const start = (token: string, padding = ''): string =>
  JSON.stringify({
    event: 'start',
    start: { streamSid: 'MZ1', callSid: 'CA1', customParameters: { token, padding } },
  });
const validStart = start('token of CA1');
const connected = JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' });
const digit = (name: number): string => JSON.stringify({ event: 'dtmf', dtmf: { digit: String(name) } });

test('keeps frames in order that arrive while Redis is asked about a valid token', async () => {
  const sound = JSON.stringify({ event: 'media', media: { payload: Buffer.alloc(160).toString('base64') } });
  const frames = Array.from({ length: 400 }, (_, at) => [digit(at), sound]).flat();
  const socket = await open(validStart, ...frames);
  await expect.poll(() => socket.bufferedAmount).toBe(0);
  redeemed.resolve(true);
  await expect.poll(() => heard).toEqual(Array.from({ length: 400 }, (_, at) => String(at)));
  socket.close();
});

test('limits the data that arrives while Redis is asked about a valid token', async () => {
  const socket = await open(validStart, ...Array.from({ length: 20 }, () => 'x'.repeat(20_000)));
  expect(await closeCode(socket)).toBe(1009);
});

test.each<[string, string[], number]>([
  ['a wrong token', [start('guess')], 1008],
  ['more messages than a handshake has', Array.from({ length: 5 }, () => connected), 1009],
  ['a message that is not JSON', ['x'], 1008],
  ['a frame before the start frame', [digit(1)], 1008],
  ['a start without its fields', [JSON.stringify({ event: 'start' })], 1008],
  ['a start that is too long', [start('token of CA1', 'x'.repeat(9000))], 1009],
  ['many empty messages', Array.from({ length: 3000 }, () => ''), 1008],
])('closes the socket after %s', async (_name, messages, code) => {
  expect(await closeCode(await open(...messages))).toBe(code);
});

test('parses only the first of many messages in one read', async () => {
  const parse = vi.spyOn(JSON, 'parse');
  const { socket, closed } = await openUpgrade(url.replace('ws:', 'http:'), mediaStreamPath);
  parse.mockClear();
  // Masked text frames of one letter.
  socket.write(Buffer.from('81810000000078', 'hex').toString('latin1').repeat(9000), 'latin1');
  await closed;
  expect(parse).toHaveBeenCalledTimes(1);
  parse.mockRestore();
});

test('closes the socket if Redis does not know the token', async () => {
  const socket = await open(validStart);
  redeemed.resolve(false);
  expect(await closeCode(socket)).toBe(1008);
});

test('evicts the oldest unauthenticated socket when there are too many', async () => {
  const first = await open();
  const firstClosed = closeCode(first);
  const second = await open();
  const third = await open(validStart);
  redeemed.resolve(true);
  third.send(digit(1));
  await expect.poll(() => heard).toEqual(['1']);
  expect(await firstClosed).toBe(1008);
  expect(second.readyState).toBe(WebSocket.OPEN);
  // An accepted stream does not count any more.
  const fourth = await open();
  await expect.poll(() => fourth.readyState).toBe(WebSocket.OPEN);
  expect(second.readyState).toBe(WebSocket.OPEN);
  for (const socket of [second, third, fourth]) socket.close();
});

test('does not evict a socket while Redis is asked about its valid token', async () => {
  const caller = await open(validStart);
  await expect.poll(() => redeems).toBe(1);
  const silent = [await open(), await open(), await open()];
  redeemed.resolve(true);
  caller.send(digit(1));
  await expect.poll(() => heard).toEqual(['1']);
  for (const socket of [caller, ...silent]) socket.close();
});
