import type { Database } from '@prosaas/database';
import type { Keys } from '@prosaas/http';
import { randomBytes } from 'node:crypto';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SignIns } from '../src/console/sign-ins.ts';
import { type TestApi, adminKey, apiKey, startTestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
});

interface SignedIn {
  status: number;
  setCookie: string;
  /** The request header that a browser sends back. */
  cookie: string;
  body: Record<string, unknown>;
}

async function signIn(key: unknown, headers: Record<string, string> = {}): Promise<SignedIn> {
  const response = await fetch(`${api.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ key }),
  });
  const setCookie = response.headers.get('set-cookie') ?? '';
  return {
    status: response.status,
    setCookie,
    cookie: setCookie.split(';', 1)[0] ?? '',
    body: (await response.json()) as Record<string, unknown>,
  };
}

async function ask(
  method: string,
  path: string,
  { cookie, headers = {}, body }: { cookie: string; headers?: Record<string, string>; body?: unknown },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(api.url + path, {
    method,
    headers: {
      cookie,
      'x-requested-with': 'console',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function addPerson(name: string, role = 'staff'): Promise<{ id: string; key: string }> {
  const response = await fetch(`${api.url}/api/people`, {
    method: 'POST',
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ name, role }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; key: string };
}

test.each([
  ['the API key', () => apiKey, { role: 'business', business_id: 'default', person: null }],
  ['the admin key', () => adminKey, { role: 'admin', business_id: null, person: null }],
  ['the metrics token', () => 'the-metrics-token', { role: 'metrics', business_id: null, person: null }],
])('exchanges %s for an HttpOnly cookie', async (_name, keyOf, who) => {
  const { status, setCookie, cookie, body } = await signIn(keyOf());
  expect({ status, body }).toEqual({ status: 200, body: who });
  expect(setCookie).toMatch(
    /^prosaas_sign_in=[\w-]{43}\.[\w-]{22}; HttpOnly; SameSite=Strict; Max-Age=604800$/,
  );
  expect(await ask('GET', '/api/me', { cookie })).toEqual({ status: 200, body: who });
});

test('sets a Secure cookie over HTTPS', async () => {
  expect((await signIn(apiKey, { 'x-forwarded-proto': 'https' })).setCookie).toMatch(/; Secure$/);
});

test.each([
  ['a wrong key', 'a-wrong-key-of-a-test', 401],
  ['the secret between services', 'the-internal-secret', 401],
  ['nothing', '', 400],
  ['a number', 5, 400],
  ['a text that is too long', 'x'.repeat(10_000), 400],
])('refuses to sign in with %s', async (_name, key, expected) => {
  const { status, setCookie } = await signIn(key);
  expect({ status, setCookie }).toEqual({ status: expected, setCookie: '' });
});

test('refuses a forged or truncated cookie, and a hash from the database', async () => {
  const { cookie } = await signIn(apiKey);
  const [row] = await api.db.query<{ hash: Buffer }>('select token_hash as hash from console_sessions');
  for (const forged of [
    `prosaas_sign_in=${randomBytes(32).toString('base64url')}.${randomBytes(16).toString('base64url')}`,
    cookie.replace(/=.{6}/, '=AAAAAA'),
    cookie.slice(0, -1),
    `prosaas_sign_in=${row!.hash.toString('base64url')}`,
    'prosaas_sign_in=',
    `prosaas_sign_in=${'x'.repeat(5000)}`,
  ])
    expect((await ask('GET', '/api/me', { cookie: forged })).status).toBe(401);
  expect((await ask('GET', '/api/me', { cookie: `a=b; ${cookie}; c=d` })).status).toBe(200);
});

test('uses the key of a request rather than its cookie', async () => {
  const { cookie } = await signIn(adminKey);
  expect((await ask('GET', '/api/me', { cookie, headers: { 'x-api-key': 'a-wrong-key' } })).status).toBe(401);
  expect((await ask('GET', '/api/me', { cookie, headers: { 'x-api-key': apiKey } })).body).toMatchObject({
    role: 'business',
  });
});

test('refuses requests of other sites', async () => {
  const { cookie } = await signIn(adminKey);
  const request = { cookie, body: { name: 'Mallory', role: 'admin' } };
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ] as unknown as Record<string, string>[]) {
    const answer = await ask('POST', '/api/people', { ...request, headers });
    expect([answer.status, answer.body['code']]).toEqual([403, 'CROSS_SITE_REQUEST']);
  }
  const response = await fetch(`${api.url}/api/people`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(request.body),
  });
  expect(response.status).toBe(403);
  expect((await ask('POST', '/api/people', request)).status).toBe(201);
});

test('a sign-in ends when its key is revoked or replaced', async () => {
  const dana = await addPerson('Dana');
  const { cookie, body } = await signIn(dana.key);
  expect(body['person']).toMatchObject({ name: 'Dana', role: 'staff' });
  expect((await ask('GET', '/api/conversations', { cookie })).status).toBe(200);
  expect((await ask('GET', '/api/people', { cookie })).status).toBe(403);
  await fetch(`${api.url}/api/people/${dana.id}`, { method: 'DELETE', headers: { 'x-api-key': adminKey } });
  await poll(async () => (await ask('GET', '/api/me', { cookie })).status === 401, { what: 'it to end' });

  const ben = await addPerson('Ben');
  const { cookie: otherCookie } = await signIn(ben.key);
  await fetch(`${api.url}/api/people/${ben.id}/key`, { method: 'POST', headers: { 'x-api-key': adminKey } });
  await poll(async () => (await ask('GET', '/api/me', { cookie: otherCookie })).status === 401, {
    what: 'it to end',
  });
});

test('a sign-in ends after 12 hours without use, and after 7 days', async () => {
  const { cookie } = await signIn(apiKey);
  const { cookie: used } = await signIn(apiKey);
  await api.db.query(`update console_sessions set last_used_at = now() - interval '12 hours 1 minute'`);
  await poll(async () => (await ask('GET', '/api/me', { cookie })).status === 401, { what: 'it to end' });
  await api.db.query(
    `update console_sessions set last_used_at = now(), created_at = now() - interval '7 days 1 minute'`,
  );
  await poll(async () => (await ask('GET', '/api/me', { cookie: used })).status === 401, {
    what: 'it to end',
  });
  // Expired sign-ins are deleted at the next sign-in.
  await signIn(adminKey);
  expect(await api.db.query('select 1 from console_sessions')).toHaveLength(1);
});

test('a sign-out ends one sign-in, or with `everywhere` all of the same key', async () => {
  const cookies = await Promise.all(
    [apiKey, apiKey, apiKey, adminKey].map(async (key) => (await signIn(key)).cookie),
  );
  const [first, second, third, other] = cookies as [string, string, string, string];
  const status = async (cookie: string): Promise<number> => (await ask('GET', '/api/me', { cookie })).status;
  expect((await ask('POST', '/api/sign-out', { cookie: third, body: {} })).status).toBe(204);
  expect([await status(third), await status(first)]).toEqual([401, 200]);
  expect((await ask('POST', '/api/sign-out', { cookie: first, body: { everywhere: true } })).status).toBe(
    204,
  );
  expect(await status(first)).toBe(401);
  await poll(async () => (await status(second)) === 401, { what: 'the other to end' });
  expect(await status(other)).toBe(200);
  expect((await ask('POST', '/api/sign-out', { cookie: '', body: {} })).status).toBe(204);
});

test('audits sign-ins, sign-outs and changes with the person, but not the reads of a page', async () => {
  const eve = await addPerson('Eve', 'admin');
  const { cookie } = await signIn(eve.key);
  await ask('GET', '/api/people', { cookie });
  await ask('POST', '/api/people', { cookie, body: { name: 'Zoe', role: 'staff' } });
  await ask('POST', '/api/sign-out', { cookie, body: {} });
  const lines = await poll(
    async () => {
      const { items } = await api.list(`/api/audit?person=${eve.id}`, adminKey);
      return items.length >= 3 && items;
    },
    { what: 'the lines' },
  );
  expect(lines.map(({ action, person_name: name }) => [action, name])).toEqual([
    ['POST /api/sign-out', 'Eve'],
    ['POST /api/people', 'Eve'],
    ['POST /api/sign-in', 'Eve'],
  ]);
});

test('a new sign-in ends the previous one of the same browser', async () => {
  const { cookie } = await signIn(apiKey);
  await signIn(adminKey, { cookie });
  expect((await ask('GET', '/api/me', { cookie })).status).toBe(401);
});

test('a forged cookie costs no query', async () => {
  let queries = 0;
  const db = { query: () => Promise.resolve(((queries += 1), [])) } as unknown as Database;
  const keys = { internalSecret: 'a-secret-of-a-test' } as Keys;
  const signIns = new SignIns({
    db,
    keyRing: { current: () => keys, people: () => new Map(), refreshPeople: () => Promise.resolve() },
  });
  for (const token of ['', 'x', `${'A'.repeat(43)}.${'B'.repeat(22)}`])
    expect(await signIns.find(token, { isUse: true })).toBeUndefined();
  expect(queries).toBe(0);
});

test('a cached sign-in works without waiting while the database is away', async () => {
  let isAway = false;
  let queries = 0;
  const db: Pick<Database, 'query'> = {
    query(sql, params) {
      queries += 1;
      return isAway ? Promise.reject(new Error('away')) : api.db.query(sql, params);
    },
  };
  const keys: Keys = {
    apiKeys: [{ businessId: 'default', key: apiKey }],
    adminKey,
    metricsTokens: [],
    internalSecret: 'the-internal-secret',
  };
  const signIns = new SignIns({
    db: db as Database,
    keyRing: { current: () => keys, people: () => undefined, refreshPeople: () => Promise.resolve() },
  });
  const token = (await signIns.signIn(adminKey, '::1'))!.token;
  expect(await signIns.find(token, { isUse: false })).toMatchObject({ role: 'admin' });
  isAway = true;
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
  queries = 0;
  for (let turn = 0; turn < 5; turn++)
    expect(await signIns.find(token, { isUse: false })).toMatchObject({ role: 'admin' });
  expect(queries).toBe(1);
  vi.restoreAllMocks();
});
