import { askRaw, openUpgrade } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ask } from './support/ask.ts';
import { type InProcessServices, keys, startInProcessServices } from './support/in-process-services.ts';
import { type Access, accessOf, requiredAccess } from './support/required-access.ts';
import { requestSchemas } from './support/route-schemas.ts';
import { type Route, fill } from './support/routes.ts';
import { codeOf, readTable } from './support/tables.ts';

// In this process, so that no route is missed.
let running: InProcessServices;
let services: InProcessServices['services'];
let people: InProcessServices['people'];

beforeAll(async () => {
  running = await startInProcessServices();
  ({ services, people } = running);
});
afterAll(() => running?.[Symbol.asyncDispose]());

/** The health endpoints in docs/observability.md, which are open to everyone. */
const openEndpoints = new Set(
  readTable('observability.md', 'Health endpoints').map(
    (row) => `${row['service']} ${codeOf(row['endpoint'] ?? '')}`,
  ),
);

/** Paths of the console that need no key. */
const openConsolePaths = new Set(['/', '/favicon.svg', '/assets/*', '/api/sign-in', '/api/sign-out']);

/** A check of an open probe is open as well: `/readyz/database`. */
const isOpen = (name: string, url: string): boolean =>
  (name === 'api' && openConsolePaths.has(url)) ||
  openEndpoints.has(`${name} ${url}`) ||
  openEndpoints.has(`${name} ${url.slice(0, url.lastIndexOf('/'))}`);

/** Routes of the telephony provider, which authenticates by a signature. */
const webhooks = ['/webhook/incoming_call', '/webhook/call_status', '/webhook/stream_status'].flatMap(
  (path) => [path, `${path}/`],
);
const signedPaths = new Set([...webhooks, '/ws/twilio-media'].map((path) => `calls ${path}`));

/** `/metrics` and `/metrics.json` also have routes for other methods, which answer 405. */
function isMethodRefusal(name: string, { method, url }: Route): boolean {
  return name === 'api' && url.startsWith('/metrics') && method !== 'GET' && method !== 'HEAD';
}

function protectedRoutes(name: string): Route[] {
  return (services[name]?.routes ?? []).filter(
    (route) =>
      !isOpen(name, route.url) && !signedPaths.has(`${name} ${route.url}`) && !isMethodRefusal(name, route),
  );
}

function requestRoute(
  name: string,
  { method, url }: Route,
  headers: Record<string, string>,
  query = '',
): Promise<Answer> {
  return ask(`${services[name]?.url}${fill(url)}${query}`, { method, headers });
}

const basic = (password: string): string => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;

const serviceNames = ['api', 'calls', 'baileys'];

/** Every way to send a key. */
function waysToSend(key: string): { headers: Record<string, string>; query: string }[] {
  return [
    { headers: { authorization: `Bearer ${key}` }, query: '' },
    { headers: { authorization: `Basic ${key}` }, query: '' },
    { headers: { authorization: basic(key) }, query: '' },
    { headers: { 'x-api-key': key }, query: '' },
    { headers: { 'x-admin-key': key }, query: '' },
    { headers: { 'x-internal-secret': key }, query: '' },
    { headers: {}, query: `?token=${key}` },
    { headers: {}, query: `?token=${key}&token=${key}` },
  ];
}

test('collects the routes that are known to need a key', () => {
  const known = protectedRoutes('api').map(({ method, url }) => `${method} ${url}`);
  expect(known).toEqual(
    expect.arrayContaining(['GET /metrics.json', 'GET /api/conversations', 'POST /api/messages']),
  );
  expect(protectedRoutes('baileys').map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/api/sessions', '/api/sendText', '/api/:session/auth/qr']),
  );
});

describe.each(serviceNames)('every route of %s except probes', (name) => {
  test('rejects a request without a key', async () => {
    for (const route of protectedRoutes(name)) {
      const answer = await requestRoute(name, route, {});
      expect({ ...route, status: answer.status }).toEqual({ ...route, status: 401 });
      expect({ ...route, challenge: answer.headers.get('www-authenticate') }).toEqual({
        ...route,
        challenge: 'Bearer',
      });
      expect(answer.type).toMatch(/^application\/problem\+json/);
    }
  });

  test('rejects a wrong key, however it is sent', async () => {
    for (const route of protectedRoutes(name)) {
      for (const { headers, query } of waysToSend('a-wrong-key')) {
        const answer = await requestRoute(name, route, headers, query);
        expect({ ...route, headers, query, status: answer.status }).toMatchObject({ status: 401 });
        expect(answer.text).not.toContain('a-wrong-key');
      }
    }
  });

  test('rejects a key that is sent as another kind of key', async () => {
    const foreign = [
      { 'x-admin-key': keys.API_KEY },
      { authorization: `Bearer ${keys.API_KEY}` },
      ...[keys.API_KEY, keys.ADMIN_KEY, keys.METRICS_TOKEN, keys.INTERNAL_SECRET].map((key) => ({
        authorization: basic(key),
      })),
      { 'x-internal-secret': keys.API_KEY },
      { 'x-internal-secret': keys.ADMIN_KEY },
      { 'x-internal-secret': keys.METRICS_TOKEN },
      { 'x-api-key': keys.METRICS_TOKEN },
      { 'x-admin-key': keys.METRICS_TOKEN },
      { 'x-api-key': keys.INTERNAL_SECRET },
      { 'x-admin-key': keys.INTERNAL_SECRET },
      { authorization: `Bearer ${keys.INTERNAL_SECRET}` },
    ] as unknown as Record<string, string>[];
    for (const route of protectedRoutes(name)) {
      for (const headers of foreign) {
        const answer = await requestRoute(name, route, headers);
        expect({ ...route, headers, status: answer.status }).toMatchObject({ status: 401 });
      }
    }
  });

  test('rejects the metrics token, except for metrics and operator routes', async () => {
    const allowed = new Set<unknown>(['metrics', 'operator', 'anyone']);
    const routes = protectedRoutes(name).filter((route) => !allowed.has(accessOf(name, route)));
    for (const route of routes) {
      const byHeader = await requestRoute(name, route, { authorization: `Bearer ${keys.METRICS_TOKEN}` });
      const byQuery = await requestRoute(name, route, {}, `?token=${keys.METRICS_TOKEN}`);
      expect({ ...route, statuses: [byHeader.status, byQuery.status] }).toEqual({
        ...route,
        statuses: [403, 403],
      });
    }
  });
});

/** The status that a kind of key gets for each required access. Without an entry, it has access. */
const everywhere = (status: number): Record<Access, number> => ({
  metrics: status,
  operator: status,
  anyone: status,
  business: status,
  service: status,
  owner: status,
  admin: status,
});
const kinds: [string, (name: string) => Record<string, string>, Partial<Record<Access, number>>][] = [
  ['no key', () => ({}), everywhere(401)],
  ['a wrong key', () => ({ 'x-api-key': 'a-wrong-key' }), everywhere(401)],
  ["a wrong key with the format of a person's key", () => ({ 'x-api-key': 'A'.repeat(43) }), everywhere(401)],
  ['a revoked person', () => ({ 'x-api-key': people['revoked admin'] ?? '' }), everywhere(401)],
  [
    'the metrics token',
    () => ({ authorization: `Bearer ${keys.METRICS_TOKEN}` }),
    { business: 403, service: 403, owner: 403, admin: 403 },
  ],
  [
    'the API key',
    () => ({ 'x-api-key': keys.API_KEY }),
    { metrics: 401, operator: 403, owner: 403, admin: 403 },
  ],
  [
    'the internal secret',
    () => ({ 'x-internal-secret': keys.INTERNAL_SECRET }),
    { metrics: 401, operator: 403, anyone: 403, business: 403, owner: 403, admin: 403 },
  ],
  [
    'staff',
    () => ({ 'x-api-key': people['staff'] ?? '' }),
    { metrics: 401, operator: 403, owner: 403, admin: 403 },
  ],
  ['an owner', () => ({ 'x-api-key': people['owner'] ?? '' }), { metrics: 401, operator: 403, admin: 403 }],
  [
    "another business' owner",
    () => ({ 'x-api-key': people["another business' owner"] ?? '' }),
    { metrics: 401, operator: 403, admin: 403 },
  ],
  [
    "an owner's key as a bearer token",
    () => ({ authorization: `Bearer ${people['owner']}` }),
    everywhere(401),
  ],
  ["an owner's key in X-Admin-Key", () => ({ 'x-admin-key': people['owner'] ?? '' }), everywhere(401)],
  ['an admin', () => ({ 'x-api-key': people['admin'] ?? '' }), {}],
  ["an admin's key as a bearer token", () => ({ authorization: `Bearer ${people['admin']}` }), {}],
  ["an admin's key in X-Admin-Key", () => ({ 'x-admin-key': people['admin'] ?? '' }), {}],
  ['the admin key', () => ({ 'x-api-key': keys.ADMIN_KEY }), {}],
  ['the admin key in X-Admin-Key', () => ({ 'x-admin-key': keys.ADMIN_KEY }), {}],
];

test.each(serviceNames)(
  'the tables have the required access of every route of %s, and no other route',
  (name) => {
    const found = protectedRoutes(name)
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(found.toSorted()).toEqual(Object.keys(requiredAccess[name] ?? {}).toSorted());
    for (const [route, access] of Object.entries(requiredAccess[name] ?? {}))
      expect([route, access]).not.toContain(undefined);
  },
);

describe.each(['api', 'baileys'])('access to %s', (name) => {
  test.each(kinds)('with %s', async (_kind, headersOf, refusals) => {
    const routes = protectedRoutes(name);
    expect(routes.length).toBeGreaterThan(10);
    for (const route of routes) {
      const { status } = await requestRoute(name, route, headersOf(name));
      const refusal = refusals[accessOf(name, route) ?? 'admin'];
      expect({ ...route, status: [401, 403].includes(status) ? status : 'accepted' }).toEqual({
        ...route,
        status: refusal ?? 'accepted',
      });
    }
  });
});

test('a person cannot access another business by naming it, an admin can', async () => {
  const named = requestSchemas()
    .filter(({ part, schema }) => part === 'querystring' && 'business' in schema.properties)
    .map(({ service, route }) => [service, ...route.split(' ')] as [string, string, string]);
  expect(named.length).toBeGreaterThanOrEqual(7);
  for (const [name, method, url] of named) {
    const answerTo = async (person: string): Promise<unknown> => {
      const headers = { 'x-api-key': people[person] ?? '' };
      const { status, body } = await requestRoute(name, { method, url }, headers, '?business=default');
      return [url, status, body?.['code']];
    };
    expect(await answerTo("another business' owner")).toEqual([url, 403, 'BUSINESS_NOT_ALLOWED']);
    expect(await answerTo('admin')).not.toContain(403);
  }
});

test('the webhooks of the telephony provider reject every key without its signature', async () => {
  for (const url of webhooks) {
    for (const headers of [
      {},
      { 'x-api-key': keys.ADMIN_KEY },
      { 'x-internal-secret': keys.INTERNAL_SECRET },
    ]) {
      const answer = await ask(`${services['calls']?.url}${url}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } as Record<
          string,
          string
        >,
        body: 'CallSid=CA1',
      });
      expect([url, answer.status]).toEqual([url, 403]);
      const byGet = await ask(`${services['calls']?.url}${url}?CallSid=CA1`, { headers: headers as never });
      expect([url, byGet.status]).toEqual([url, 403]);
    }
  }
});

describe.each(serviceNames)('the server of %s', (name) => {
  test.each([
    'GET http://127.0.0.1:9/healthz',
    'POST http://evil.example/api/sendText',
    'OPTIONS *',
    'CONNECT x:1',
  ])('refuses %s', async (line) => {
    const key = `X-Api-Key: ${keys.API_KEY}`;
    const answer = await askRaw(
      services[name]?.url ?? '',
      `${line} HTTP/1.1\r\nHost: x\r\n${key}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test('upgrades only the media path to a WebSocket', async () => {
    const paths = new Set((services[name]?.routes ?? []).map(({ url }) => fill(url)));
    for (const path of [...paths, '/nothing']) {
      const { status, socket } = await openUpgrade(services[name]?.url ?? '', path);
      const expected = path === '/ws/twilio-media' ? '101 Switching Protocols' : '404 Not Found';
      expect([path, status]).toEqual([path, `HTTP/1.1 ${expected}`]);
      socket.destroy();
    }
  });
});
