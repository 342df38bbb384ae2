import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { type RawSocket, askRaw, openRaw, openUpgrade, upgradeRequest } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App } from './app-type.ts';
import { buildHttpApp } from './app.ts';
import { limitConnections } from './connection-limits.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

describe('an app', () => {
  let app: App;
  let url: string;
  /** Each answers one request to `/slow`. */
  let slow: (() => void)[];

  beforeEach(async () => {
    app = buildHttpApp({ log, webSocketPath: '/ws/media' });
    app.get('/healthz', async () => ({ status: 'ok' }));
    app.post('/messages', async () => ({ status: 'sent' }));
    slow = [];
    app.get('/slow', () => new Promise((resolve) => slow.push(() => resolve('late'))));
    // In place of a WebSocket server: whatever reaches it was accepted.
    app.server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(async () => {
    for (const answer of slow) answer();
    await app.close();
  });

  const head = (line: string): string =>
    `${line} HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n`;

  test('closing does not wait for a connection without a request, but for an answer in progress', async () => {
    const { hostname, port } = new URL(url);
    const unused = connect({ host: hostname, port: Number(port) });
    unused.on('error', () => {}).resume();
    await once(app.server, 'connection');
    const answer = fetch(`${url}/slow`).then((response) => response.text());
    while (slow.length === 0) await new Promise(setImmediate);
    const closed = app.close();
    await once(unused, 'close');
    slow.pop()?.();
    expect(await answer).toBe('late');
    await closed;
  });

  test.each([
    ['an absolute form', 'GET http://127.0.0.1:9/healthz'],
    ['an absolute form of a POST', 'POST http://evil.example:8899/messages'],
    ['an absolute form with our own host', 'GET http://desk.example/healthz'],
    ['an absolute form with credentials', 'GET http://a:b@evil.example/healthz'],
    ['another scheme', 'GET ftp://evil.example/healthz'],
    ['an asterisk', 'OPTIONS *'],
    ['an authority', 'CONNECT evil.example:443'],
    ['an authority without CONNECT', 'GET evil.example:443'],
    ['a path without its slash', 'GET healthz'],
  ])('refuses %s', async (_name, line) => {
    const answer = await askRaw(url, head(line));
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('application/problem+json');
    expect(answer).not.toContain('evil.example');
  });

  test.each([
    ['bytes that are not a request', 'x y z\r\n\r\n'],
    ['CONNECT', head('CONNECT evil.example:443')],
  ])('destroys the connection of a client that does not close it after %s', async (_name, bytes) => {
    const { hostname, port } = new URL(url);
    const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    client.on('error', () => {}).resume();
    const [server] = (await once(app.server, 'connection')) as [Socket];
    client.write(bytes);
    await once(client, 'end');
    await expect.poll(() => server.destroyed, { timeout: 5000 }).toBe(true);
    client.destroy();
  });

  test('does not mistake a path for a host', async () => {
    expect(await askRaw(url, head('GET /healthz'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await askRaw(url, head('GET //evil.example/healthz'))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await askRaw(url, head('GET /http://evil.example/healthz'))).toMatch(/^HTTP\/1\.1 404 /);
  });

  test.each([
    '/healthz',
    '/nothing',
    '/ws/media/',
    '/ws/media/x',
    '/ws/%6dedia',
    '//ws/media',
    'http://desk.example/ws/media',
  ])('refuses an upgrade at %s before it switches protocols', async (path) => {
    const { status, answer, closed } = await openUpgrade(url, path);
    expect(status).toMatch(path.startsWith('/') ? 'HTTP/1.1 404 Not Found' : 'HTTP/1.1 400 Bad Request');
    expect(answer).toContain('application/problem+json');
    await closed;
  });

  test('accepts an upgrade at the path of its WebSockets', async () => {
    expect((await openUpgrade(url, '/ws/media')).status).toBe('HTTP/1.1 101 Switching Protocols');
    expect((await openUpgrade(url, '/ws/media?x=1')).status).toBe('HTTP/1.1 101 Switching Protocols');
  });

  test.each([
    ['a POST', (request: string) => request.replace('GET /ws/media', 'POST /messages')],
    [
      'a list of protocols',
      (request: string) =>
        request.replace('/ws/media', '/healthz').replace(': websocket', ': h2c, WebSocket'),
    ],
    [
      'a version',
      (request: string) => request.replace('/ws/media', '/healthz').replace(': websocket', ': websocket/13'),
    ],
  ])('refuses an upgrade with %s', async (_name, change) => {
    expect(await askRaw(url, change(upgradeRequest('/ws/media')))).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('ignores an offer of HTTP/2, which some clients make with each request', async () => {
    const request = upgradeRequest('/healthz')
      .replace(': websocket', ': h2c')
      .replace(': Upgrade', ': Upgrade, close');
    expect(await askRaw(url, request)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('accepts 16 pipelined requests, and drops a connection that sends more', async () => {
    const request = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';
    const few = openRaw(url);
    few.socket.write(request.repeat(16));
    await expect.poll(() => slow.length).toBe(16);
    for (const answer of slow.splice(0)) answer();
    await expect.poll(() => few.answer.split('late').length).toBe(17);
    few.socket.write(request);
    await expect.poll(() => slow.length).toBe(1);
    few.socket.destroy();
    const many = openRaw(url);
    many.socket.write(request.repeat(1000));
    await many.closed;
    expect(slow).toHaveLength(17);
  });

  test('limits the headers of a request in bytes and in time', async () => {
    const long = `GET /healthz HTTP/1.1\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`;
    expect(await askRaw(url, long)).toMatch(/^HTTP\/1\.1 431 /);
    const { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval } =
      app.server as Server & { connectionsCheckingInterval: number };
    expect({ headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 72_000,
      connectionsCheckingInterval: 5000,
    });
  });
});

test('an app without WebSockets has no upgrade listener: older Node would accept every upgrade', () => {
  expect(buildHttpApp({ log }).server.listenerCount('upgrade')).toBe(0);
});

describe('a server with limits', () => {
  let server: Server;
  let url: string;
  let handled: number;
  let release: () => void;
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

  beforeEach(async () => {
    handled = 0;
    const released = new Promise<void>((resolve) => (release = resolve));
    server = createServer((request, response) => {
      handled += 1;
      if (request.url === '/slow') void released.then(() => response.end('late'));
      else response.end('at once');
    });
    limitConnections(server, { connections: 4, pipelined: 16 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    release();
    server.closeAllConnections();
    server.close();
  });

  const connected = async (): Promise<RawSocket> => {
    const raw = openRaw(url);
    await once(server, 'connection');
    return raw;
  };
  const answered = async (raw: RawSocket, path: string): Promise<void> => {
    raw.socket.write(get(path));
    await once(raw.socket, 'data');
  };

  test('closes the least recently used connection in favour of a new one', async () => {
    const [silent, idle, half, working] = [
      await connected(),
      await connected(),
      await connected(),
      await connected(),
    ];
    working.socket.write(get('/slow'));
    half.socket.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly a part');
    await expect.poll(() => handled).toBe(2);
    await answered(idle, '/');
    // In order of last use: the silent connection, the half request, the idle connection. Never the one that waits for an answer.
    for (const victim of [silent, half, idle]) {
      await answered(await connected(), '/');
      await victim.closed;
    }
    expect(working.socket.closed).toBe(false);
    release();
    await once(working.socket, 'data');
    expect(working.answer).toContain('late');
  });

  test('closes a new connection if all others wait for an answer', async () => {
    const working = [await connected(), await connected(), await connected(), await connected()];
    for (const { socket } of working) socket.write(get('/slow'));
    await expect.poll(() => handled).toBe(4);
    const late = await connected();
    await late.closed;
    release();
    await expect.poll(() => working.filter(({ answer }) => answer.includes('late')).length).toBe(4);
  });
});
