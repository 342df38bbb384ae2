import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAddress, askHealth, askTotals } from './api-answers.ts';

/** What whoever is there instead of the api answers. */
let answer: RequestListener;
const server = createServer((request, response) => answer(request, response));
let address: ApiAddress;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  address = { url: `http://127.0.0.1:${port}`, token: 'a-token', timeoutMs: 300 };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const says =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

const check = { status: 'pass', output: 'refused' };

test.each<[what: string, listener: RequestListener, level: string, said: string]>([
  ['a page', says(200, '<html>Welcome</html>'), 'UNKNOWN', 'answers 200 without a health body'],
  ['no checks', says(200, { status: 'pass' }), 'UNKNOWN', 'without a health body'],
  ['an empty list', says(200, { status: 'pass', checks: { a: [] } }), 'UNKNOWN', 'without a health body'],
  ['an unknown status', says(200, { status: 'up', checks: {} }), 'UNKNOWN', 'without a health body'],
  ["a proxy's word", says(502, 'Bad Gateway'), 'CRITICAL', 'answers 502 without a health body: a proxy'],
  ["a proxy's 503", says(503, 'down'), 'CRITICAL', 'answers 503 without a health body: a proxy'],
  ['another place', says(301, '', { location: 'https://x/' }), 'UNKNOWN', 'leads to https://x/: give that'],
  ['silence', () => {}, 'CRITICAL', 'does not answer (The operation was aborted due to timeout)'],
  ['a cut line', (request) => request.socket.destroy(), 'CRITICAL', 'does not answer (other side closed)'],
])('health: %s is told', async (_what, listener, level, said) => {
  answer = listener;
  expect(await askHealth(address, [])).toEqual({
    finding: { level, subject: 'api', text: expect.stringContaining(said) },
  });
});

test('health is read from 200 and 503, each check by its own name', async () => {
  const asked: unknown[] = [];
  const checks = {
    'postgres:responseTime': [{ ...check, status: 'fail' }],
    'workers:responseTime': [{ status: 'pass', facts: { beat_age_seconds: 3 } }],
    'disk:responseTime': [
      { ...check, componentId: 'a' },
      { ...check, componentId: 'b' },
    ],
  };
  answer = (request, response) => {
    asked.push([request.url, request.headers.accept, request.headers.authorization]);
    says(503, { status: 'fail', checks })(request, response);
  };
  expect(await askHealth(address, ['queues', 'a&b'])).toEqual({
    answer: [
      { name: 'database', status: 'fail', reason: 'refused', facts: {} },
      { name: 'workers', status: 'pass', reason: 'error', facts: { beat_age_seconds: 3 } },
      { name: 'a', status: 'pass', reason: 'refused', facts: {} },
      { name: 'b', status: 'pass', reason: 'refused', facts: {} },
    ],
  });
  expect(asked).toEqual([
    ['/api/health?exclude=queues&exclude=a%26b', 'application/health+json', 'Bearer a-token'],
  ]);
});

const totals = { gauges: {}, timestamp: 1, since: 0 };

test.each<[what: string, listener: RequestListener, said: string]>([
  ['a page', says(200, '<html>'), 'answers 200 without the totals'],
  ['another count', says(200, { ...totals, counters: { visits: 1 } }), 'without the totals'],
  ['a text for a number', says(200, { ...totals, counters: { visits: '1' } }), 'without the totals'],
  ['a wrong token', says(401, {}), 'refuses the token'],
  ['an api that knows nothing yet', says(503, {}), 'no totals were read since the api started'],
])('metrics: %s is told', async (_what, listener, said) => {
  answer = listener;
  expect(await askTotals(address)).toEqual({
    finding: { level: 'UNKNOWN', subject: 'metrics', text: expect.stringContaining(said) },
  });
});
