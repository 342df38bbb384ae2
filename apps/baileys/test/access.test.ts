import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEYS, type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  await stack.rows(`insert into businesses (id, name) values ('other', 'Other')`);
  await replica.admin('POST', '/api/sessions', { id: 'mine', start: false });
  await replica.admin('POST', '/api/sessions', { id: 'theirs', start: false, businessId: 'other' });
});
afterAll(() => stack[Symbol.asyncDispose]());

const business = { 'x-api-key': KEYS.API_KEY };
const admin = { authorization: `Bearer ${KEYS.ADMIN_KEY}` };
const internal = { 'x-internal-secret': KEYS.INTERNAL_SECRET };

const PAIRING: [string, string, unknown?][] = [
  ['POST', '/api/sessions', { id: 'new' }],
  ['DELETE', '/api/sessions/mine'],
  ['POST', '/api/sessions/mine/start'],
  ['POST', '/api/sessions/mine/stop'],
  ['POST', '/api/sessions/mine/restart'],
  ['POST', '/api/sessions/mine/logout'],
  ['GET', '/api/mine/auth/qr'],
  ['POST', '/api/unstored-messages/00000000-0000-4000-8000-000000000000/retry'],
];
const BUSINESS: [string, string, unknown?][] = [
  ['GET', '/api/sessions'],
  ['GET', '/api/sessions/mine'],
  ['GET', '/api/unstored-messages'],
  ['POST', '/api/sendText', { session: 'mine', chatId: '972501234567', text: 'x' }],
];
const WRONG: [string, Record<string, string>, number][] = [
  ['no key', {}, 401],
  ['a wrong key', { 'x-api-key': 'wrong' }, 401],
  ['a wrong bearer', { authorization: 'Bearer wrong' }, 401],
  ['a wrong internal secret', { 'x-internal-secret': 'wrong' }, 401],
  ['a hop without the secret', { 'x-prosaas-hop': '1' }, 401],
  ['the metrics token', { authorization: `Bearer ${KEYS.METRICS_TOKEN}` }, 403],
];

describe.each([...PAIRING, ...BUSINESS])('%s %s', (method, path, body) => {
  test.each(WRONG)('is closed to %s', async (_name, headers, status) => {
    const answer = await replica.call<{ code: string }>(method, path, headers, body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe.each(PAIRING)('%s %s', (method, path, body) => {
  test.each([
    ['a business', business],
    ['another service', internal],
  ])('is closed to %s', async (_name, headers) => {
    expect((await replica.call(method, path, headers, body)).status).toBe(403);
  });
});

/** What the worker and the api's health use. */
const INTERNAL = BUSINESS.filter(([, path]) => path === '/api/sessions' || path === '/api/sendText');
const CLOSED_TO_SERVICES = BUSINESS.filter((route) => !INTERNAL.includes(route));

test.each(CLOSED_TO_SERVICES)('%s %s is closed to another service', async (method, path) => {
  expect((await replica.call(method, path, internal)).status).toBe(403);
});

describe.each(INTERNAL)('%s %s', (method, path, body) => {
  test('is open to another service', async () => {
    expect([200, 409]).toContain((await replica.call(method, path, internal, body)).status);
  });
});

describe.each(BUSINESS)('%s %s', (method, path, body) => {
  test.each([
    ['a business', business],
    ['the administrator', admin],
  ])('is open to %s', async (_name, headers) => {
    expect([200, 409]).toContain((await replica.call(method, path, headers, body)).status);
  });
});

test('a business sees and uses its own sessions only', async () => {
  type List = { items: { id: string }[]; next_cursor: string | null };
  const own = await replica.call<List>('GET', '/api/sessions', business);
  expect(own.body.items.map(({ id }) => id)).toEqual(['mine']);
  const all = await replica.call<List>('GET', '/api/sessions?limit=1', admin);
  expect(all.body).toMatchObject({ items: [{ id: 'mine', status: 'STOPPED' }], next_cursor: 'mine' });
  const rest = await replica.call<List>('GET', '/api/sessions?limit=1&cursor=mine', admin);
  expect(rest.body).toMatchObject({ items: [{ id: 'theirs' }], next_cursor: null });
  for (const headers of [admin, internal]) {
    const named = await replica.call<List>('GET', '/api/sessions?business=other', headers);
    expect(named.body.items.map(({ id }) => id)).toEqual(['theirs']);
  }
  for (const path of ['/api/sessions', '/api/unstored-messages']) {
    expect((await replica.call('GET', `${path}?business=default`, business)).status).toBe(200);
    const denied = await replica.call<{ code: string }>('GET', `${path}?business=other`, business);
    expect([denied.status, denied.body.code]).toEqual([403, 'BUSINESS_NOT_ALLOWED']);
  }
  expect((await replica.call('GET', '/api/sessions/theirs', business)).status).toBe(404);
  const body = { session: 'theirs', chatId: '972501234567', text: 'x' };
  expect((await replica.call('POST', '/api/sendText', business, body)).status).toBe(404);
});

test.each<[unknown, number, string]>([
  [{ id: 'mine' }, 409, 'SESSION_EXISTS'],
  [{ id: '../etc' }, 400, 'VALIDATION_FAILED'],
  [{ id: 'x', business_id: 'nobody' }, 404, 'BUSINESS_NOT_FOUND'],
  [{ id: 'x', businessId: 'nobody' }, 404, 'BUSINESS_NOT_FOUND'],
  [{ id: 'x', colour: 'red' }, 400, 'VALIDATION_FAILED'],
  ['{', 400, 'MALFORMED_JSON'],
])('a session made of %j is refused', async (body, status, code) => {
  const answer = await replica.admin<{ code: string }>('POST', '/api/sessions', body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('each route answers 404 for an unknown session', async () => {
  for (const [method, path] of PAIRING.filter((route) => route[1].includes('mine'))) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await replica.admin<{ code: string }>(method, path.replace('mine', 'none'));
    expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'SESSION_NOT_FOUND']);
  }
});

test('each use of the admin key is in the audit log', async () => {
  await replica.admin('POST', '/api/sessions/mine/stop');
  await expect
    .poll(() => stack.rows(`select action, target from audit_log order by id desc limit 1`), SOON)
    .toEqual([{ action: 'POST /api/sessions/:session/stop', target: 'mine' }]);
});

test('the probes need no key, and fail while the service drains', async () => {
  await expect.poll(async () => (await replica.call('GET', '/health', {})).status, SOON).toBe(200);
  expect((await replica.call('GET', '/healthz', {})).body).toEqual({ status: 'ok' });
  expect((await replica.call('GET', '/livez', {})).body).toBe('ok');
  expect((await replica.call('GET', '/version', {})).body).toMatchObject({ build: 0 });
  expect((await replica.call('GET', '/readyz', {})).body).toMatchObject({ ready: true });
  expect((await replica.call('GET', '/health?verbose', {})).body).toContain('[+]sessions ok');
  replica.service.drain();
  const draining = await replica.call<{ checks: object }>('GET', '/health', {});
  expect(draining.status).toBe(503);
  expect(draining.body.checks).toMatchObject({ shutdown: { reason: 'shutting_down' } });
  expect((await replica.call('GET', '/healthz', {})).status).toBe(200);
});
