import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CheckFailure } from '@prosaas/observability';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { baileysCheck } from './baileys.ts';

let server: Server;
let url: string;
let answer: { status: number; text: string; location?: string } | 'none';

beforeEach(async () => {
  server = createServer((_request, response) => {
    if (answer === 'none') return;
    const { status, text, location } = answer;
    response.writeHead(status, location === undefined ? {} : { location }).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

async function reasonOf(signal: AbortSignal): Promise<string> {
  try {
    await baileysCheck({ url }).run(signal);
    return 'pass';
  } catch (error) {
    // The details name the URL, whatever the failure.
    if (error instanceof CheckFailure && error.detail['url'] === `${url}/health`) return error.reason;
    throw error;
  }
}

test.each([
  [200, '{"status":"ok","sessions":3}', 'pass'],
  [200, '{"status":"healthy","active_calls":0}', 'unexpected_answer'],
  [200, '<html>', 'unexpected_answer'],
  [200, 'null', 'unexpected_answer'],
  [503, '{"status":"unhealthy","sessions":0}', 'not_ready'],
  [404, '', 'unexpected_answer'],
  [500, '', 'not_ready'],
])('an answer %i %s is %s', async (status, text, reason) => {
  answer = { status, text };
  expect(await reasonOf(AbortSignal.timeout(5000))).toBe(reason);
});

test('a redirect is not followed', async () => {
  answer = { status: 302, text: '', location: `${url}/login` };
  expect(await reasonOf(AbortSignal.timeout(5000))).toBe('unexpected_answer');
});

test('a service that does not answer fails with the signal, one that refuses connections at once', async () => {
  answer = 'none';
  expect(await reasonOf(AbortSignal.timeout(50))).toBe('timeout');
  server.close();
  server.closeAllConnections();
  expect(await reasonOf(AbortSignal.timeout(5000))).toBe('refused');
});
