import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAddress, askHealth, askTotals } from './api-answers.ts';

/** Answers in place of the api. */
let answer: RequestListener;
const server = createServer((request, response) => answer(request, response));
let address: ApiAddress;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  address = { url: `http://127.0.0.1:${port}`, token: 'a-token', timeoutMs: 10_000 };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

const neverAnswer: RequestListener = () => {};

const check = { status: 'pass', output: 'refused' };

test.each<[what: string, listener: RequestListener, level: string, text: string]>([
  ['a page', answering(200, '<html>Welcome</html>'), 'UNKNOWN', 'answers 200 without a health body'],
  ['no checks', answering(200, { status: 'pass' }), 'UNKNOWN', 'without a health body'],
  [
    'an empty list',
    answering(200, { status: 'pass', checks: { a: [] } }),
    'UNKNOWN',
    'without a health body',
  ],
  ['an unknown status', answering(200, { status: 'up', checks: {} }), 'UNKNOWN', 'without a health body'],
  [
    "a proxy's 502",
    answering(502, 'Bad Gateway'),
    'CRITICAL',
    'answers 502 without a health body: is this a proxy',
  ],
  ["a proxy's 503", answering(503, 'down'), 'CRITICAL', 'answers 503 without a health body: is this a proxy'],
  [
    'a redirect',
    answering(301, '', { location: 'https://x/' }),
    'UNKNOWN',
    'redirects to https://x/: pass that',
  ],
  ['no answer', neverAnswer, 'CRITICAL', 'does not answer (The operation was aborted due to timeout)'],
  [
    'a closed connection',
    (request) => request.socket.destroy(),
    'CRITICAL',
    'does not answer (other side closed)',
  ],
])('askHealth reports %s', async (_case, listener, level, text) => {
  answer = listener;
  const timeoutMs = listener === neverAnswer ? 300 : address.timeoutMs;
  expect(await askHealth({ ...address, timeoutMs }, [])).toEqual({
    finding: { level, subject: 'api', text: expect.stringContaining(text) },
  });
});

test('askHealth reads checks from 200 and 503, by their names', async () => {
  const requests: unknown[] = [];
  const checks = {
    'postgres:responseTime': [{ ...check, status: 'fail' }],
    'workers:responseTime': [{ status: 'pass', facts: { beat_age_seconds: 3 } }],
    'disk:responseTime': [
      { ...check, componentId: 'a' },
      { ...check, componentId: 'b' },
    ],
  };
  answer = (request, response) => {
    requests.push([request.url, request.headers.accept, request.headers.authorization]);
    answering(503, { status: 'fail', checks })(request, response);
  };
  expect(await askHealth(address, ['queues', 'a&b'])).toEqual({
    answer: [
      { name: 'database', status: 'fail', reason: 'refused', facts: {} },
      { name: 'workers', status: 'pass', reason: 'error', facts: { beat_age_seconds: 3 } },
      { name: 'a', status: 'pass', reason: 'refused', facts: {} },
      { name: 'b', status: 'pass', reason: 'refused', facts: {} },
    ],
  });
  expect(requests).toEqual([
    ['/api/health?exclude=queues&exclude=a%26b', 'application/health+json', 'Bearer a-token'],
  ]);
});

const totals = { gauges: {}, timestamp: 1, since: 0 };

test.each<[what: string, listener: RequestListener, text: string]>([
  ['a page', answering(200, '<html>'), 'answers 200 without the totals'],
  ['other counters', answering(200, { ...totals, counters: { visits: 1 } }), 'without the totals'],
  [
    'a string in place of a number',
    answering(200, { ...totals, counters: { visits: '1' } }),
    'without the totals',
  ],
  ['a wrong token', answering(401, {}), 'refuses the token'],
  ['an api that has read no totals yet', answering(503, {}), 'no totals were read since the api started'],
])('askTotals reports %s', async (_case, listener, text) => {
  answer = listener;
  expect(await askTotals(address)).toEqual({
    finding: { level: 'UNKNOWN', subject: 'metrics', text: expect.stringContaining(text) },
  });
});
