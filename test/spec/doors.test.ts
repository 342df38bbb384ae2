import { createDatabase, createPerson, migrate, revokePerson } from '@prosaas/database';
import { askRaw, openUpgrade, poll, testDatabase } from '@prosaas/devstack';
import { createLogger, identify, loadConfig } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiConfig } from '../../apps/api/src/config.ts';
import { startApi } from '../../apps/api/src/service.ts';
import { BaileysConfig } from '../../apps/baileys/src/config.ts';
import { startBaileys } from '../../apps/baileys/src/service.ts';
import { CallsConfig } from '../../apps/calls/src/config.ts';
import { startCalls } from '../../apps/calls/src/service.ts';
import { type Answer, ask } from './support/ask.ts';
import { requestSchemas } from './support/route-schemas.ts';
import { type Route, collectRoutes, fill } from './support/routes.ts';
import { codeOf, readTable } from './support/tables.ts';

// Every service in this process, so that no route can be missed. Their keys are set; those of people are in a database.
// There is no Redis: who is let in needs none.
const keys = {
  API_KEY: 'walk-api-key-of-a-test',
  ADMIN_KEY: 'walk-admin-key-of-a-test',
  METRICS_TOKEN: 'walk-metrics-token',
  INTERNAL_SECRET: 'walk-internal-secret',
};
const env = {
  ...keys,
  API_PORT: '0',
  CALLS_PORT: '0',
  BAILEYS_PORT: '0',
  REDIS_URL: 'redis://127.0.0.1:9/0',
  TWILIO_AUTH_TOKEN: 'walk-auth-token',
};
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

interface Service {
  url: string;
  routes: Route[];
}
const services: Record<string, Service> = {};
const running = new AsyncDisposableStack();

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  await addPeople(url);
  const settings = { ...env, DATABASE_URL: url };
  const starts = {
    api: () => startApi(loadConfig(ApiConfig, settings), { identity: identify('api'), log }),
    calls: () => startCalls(loadConfig(CallsConfig, settings), { identity: identify('calls'), log }),
    baileys: () => startBaileys(loadConfig(BaileysConfig, settings), { identity: identify('baileys'), log }),
  };
  for (const [name, start] of Object.entries(starts)) {
    const { started, routes } = await collectRoutes(start);
    running.use(started);
    services[name] = { url: started.url, routes };
  }
  for (const path of [`${services['api']?.url}/api/me`, `${services['baileys']?.url}/api/sessions`]) {
    const headers = { 'x-api-key': people['staff'] ?? '' };
    await poll(async () => (await ask(path, { headers })).status !== 503, { what: 'the keys of people' });
  }
});

/** The keys of people, by what each is called in this test. */
const people: Record<string, string> = {};

async function addPeople(url: string): Promise<void> {
  await using db = createDatabase({ url, size: 1, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  const scope = { businessId: undefined, withAdmins: true };
  for (const [name, role, business_id] of [
    ['staff', 'staff', 'default'],
    ['owner', 'owner', 'default'],
    ["another business' owner", 'owner', 'other'],
    ['admin', 'admin', 'other'],
    ['revoked admin', 'admin', 'default'],
  ] as const) {
    const created = await createPerson(
      db,
      { business_id, name, role, phone_number: null, email: null },
      { most: 9 },
    );
    people[name] = created?.key ?? '';
    if (name.startsWith('revoked')) await revokePerson(db, created?.person.id ?? '', scope);
  }
}
afterAll(() => running.disposeAsync());

/** Open to everyone: the health endpoints, as the manual lists them. */
const open = new Set(
  readTable('observability.md', 'Health endpoints').map(
    (row) => `${row['service']} ${codeOf(row['endpoint'] ?? '')}`,
  ),
);

/** The page itself, and what nobody needs a key for. */
const openConsolePaths = new Set(['/', '/favicon.svg', '/assets/*', '/api/sign-in', '/api/sign-out']);

/** Beside each probe stands each of its checks: `/readyz/database`. */
const isOpen = (name: string, url: string): boolean =>
  (name === 'api' && openConsolePaths.has(url)) ||
  open.has(`${name} ${url}`) ||
  open.has(`${name} ${url.slice(0, url.lastIndexOf('/'))}`);

/** Doors of the telephony provider: its signature is the key. */
const webhooks = ['/webhook/incoming_call', '/webhook/call_status', '/webhook/stream_status'].flatMap(
  (path) => [path, `${path}/`],
);
const signed = new Set([...webhooks, '/ws/twilio-media'].map((path) => `calls ${path}`));

/** `/metrics` and `/metrics.json` have the other methods too, to answer 405. */
function isRefusal(name: string, { method, url }: Route): boolean {
  return name === 'api' && url.startsWith('/metrics') && method !== 'GET' && method !== 'HEAD';
}

function closedRoutes(name: string): Route[] {
  return (services[name]?.routes ?? []).filter(
    (route) => !isOpen(name, route.url) && !signed.has(`${name} ${route.url}`) && !isRefusal(name, route),
  );
}

function knock(
  name: string,
  { method, url }: Route,
  headers: Record<string, string>,
  query = '',
): Promise<Answer> {
  return ask(`${services[name]?.url}${fill(url)}${query}`, { method, headers });
}

const basic = (password: string): string => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;

const serviceNames = ['api', 'calls', 'baileys'];

/** Every door that a key may be held to. */
function everyDoor(key: string): { headers: Record<string, string>; query: string }[] {
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

test('the walk meets the routes that are known to be closed', () => {
  const known = closedRoutes('api').map(({ method, url }) => `${method} ${url}`);
  expect(known).toEqual(
    expect.arrayContaining(['GET /metrics.json', 'GET /api/conversations', 'POST /api/messages']),
  );
  expect(closedRoutes('baileys').map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/api/sessions', '/api/sendText', '/api/:session/auth/qr']),
  );
});

describe.each(serviceNames)('every route of %s that is not a probe', (name) => {
  test('is closed to those without a key', async () => {
    for (const route of closedRoutes(name)) {
      const answer = await knock(name, route, {});
      expect({ ...route, status: answer.status }).toEqual({ ...route, status: 401 });
      expect({ ...route, challenge: answer.headers.get('www-authenticate') }).toEqual({
        ...route,
        challenge: 'Bearer',
      });
      expect(answer.type).toMatch(/^application\/problem\+json/);
    }
  });

  test('is closed to a wrong key at every door', async () => {
    for (const route of closedRoutes(name)) {
      for (const { headers, query } of everyDoor('a-wrong-key')) {
        const answer = await knock(name, route, headers, query);
        expect({ ...route, headers, query, status: answer.status }).toMatchObject({ status: 401 });
        expect(answer.text).not.toContain('a-wrong-key');
      }
    }
  });

  test('is closed to a key held to a door that is not its own', async () => {
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
    for (const route of closedRoutes(name)) {
      for (const headers of foreign) {
        const answer = await knock(name, route, headers);
        expect({ ...route, headers, status: answer.status }).toMatchObject({ status: 401 });
      }
    }
  });

  test('is closed to the metrics token, but for the metrics and what shows how the stack is', async () => {
    const opened = new Set<unknown>(['metrics', 'operator', 'anyone']);
    const routes = closedRoutes(name).filter((route) => !opened.has(doorOf(name, route)));
    for (const route of routes) {
      const byHeader = await knock(name, route, { authorization: `Bearer ${keys.METRICS_TOKEN}` });
      const byQuery = await knock(name, route, {}, `?token=${keys.METRICS_TOKEN}`);
      expect({ ...route, statuses: [byHeader.status, byQuery.status] }).toEqual({
        ...route,
        statuses: [403, 403],
      });
    }
  });
});

/** Whose key opens a route. Who may more is let in too. */
type Door = 'metrics' | 'operator' | 'anyone' | 'business' | 'service' | 'owner' | 'admin';

const doorsOfKeys: Record<string, Door> = {
  'metrics token': 'operator',
  'any of them': 'anyone',
  'API key': 'business',
  owner: 'owner',
  'admin key': 'admin',
};
const manual = readTable('api.md', 'Endpoints')
  .filter((row) => row['key'] !== 'none')
  .map((row) => ({
    route: `${row['method']} ${codeOf(row['path'] ?? '').replaceAll(/\{(\w+)\}/g, ':$1')}`,
    door: doorsOfKeys[row['key'] ?? ''],
  }));

/** The door of every route that takes a key; a route that is not here fails the test below. */
const doors: Record<string, Record<string, Door | undefined>> = {
  api: {
    ...Object.fromEntries(manual.map(({ route, door }) => [route, door])),
    'GET /metrics': 'metrics',
    'GET /metrics.json': 'metrics',
  },
  calls: {},
  baileys: {
    'GET /api/sessions': 'service',
    'POST /api/sessions': 'admin',
    'GET /api/sessions/:session': 'business',
    'DELETE /api/sessions/:session': 'admin',
    'POST /api/sessions/:session/start': 'admin',
    'POST /api/sessions/:session/stop': 'admin',
    'POST /api/sessions/:session/restart': 'admin',
    'POST /api/sessions/:session/logout': 'admin',
    'GET /api/:session/auth/qr': 'admin',
    'POST /api/sendText': 'service',
    'GET /api/unstored-messages': 'business',
    'POST /api/unstored-messages/:id/retry': 'admin',
  },
};
const doorOf = (name: string, { method, url }: Route): Door | undefined =>
  doors[name]?.[`${method === 'HEAD' ? 'GET' : method} ${url}`];

/** What a kind of key is answered at each door; where nothing is said, it is let in. */
const everywhere = (status: number): Record<Door, number> => ({
  metrics: status,
  operator: status,
  anyone: status,
  business: status,
  service: status,
  owner: status,
  admin: status,
});
const kinds: [string, (name: string) => Record<string, string>, Partial<Record<Door, number>>][] = [
  ['no key', () => ({}), everywhere(401)],
  ['a wrong key', () => ({ 'x-api-key': 'a-wrong-key' }), everywhere(401)],
  ["a wrong key of the form of a person's", () => ({ 'x-api-key': 'A'.repeat(43) }), everywhere(401)],
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
  ['an owner as a bearer', () => ({ authorization: `Bearer ${people['owner']}` }), everywhere(401)],
  ['an owner at the door of admins', () => ({ 'x-admin-key': people['owner'] ?? '' }), everywhere(401)],
  ['an admin', () => ({ 'x-api-key': people['admin'] ?? '' }), {}],
  ['an admin as a bearer', () => ({ authorization: `Bearer ${people['admin']}` }), {}],
  ['an admin at her door', () => ({ 'x-admin-key': people['admin'] ?? '' }), {}],
  ['the admin key', () => ({ 'x-api-key': keys.ADMIN_KEY }), {}],
  ['the admin key at its door', () => ({ 'x-admin-key': keys.ADMIN_KEY }), {}],
];

test.each(serviceNames)(
  'every route of %s that takes a key has its door, and none is there in vain',
  (name) => {
    const found = closedRoutes(name)
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(found.toSorted()).toEqual(Object.keys(doors[name] ?? {}).toSorted());
    for (const [route, door] of Object.entries(doors[name] ?? {}))
      expect([route, door]).not.toContain(undefined);
  },
);

describe.each(['api', 'baileys'])('the doors of %s', (name) => {
  test.each(kinds)('to %s', async (_kind, headersOf, refusals) => {
    const routes = closedRoutes(name);
    expect(routes.length).toBeGreaterThan(10);
    for (const route of routes) {
      const { status } = await knock(name, route, headersOf(name));
      const refusal = refusals[doorOf(name, route) ?? 'admin'];
      expect({ ...route, status: [401, 403].includes(status) ? status : 'let in' }).toEqual({
        ...route,
        status: refusal ?? 'let in',
      });
    }
  });
});

test('a person does not reach another business by naming it, an admin does', async () => {
  const named = requestSchemas()
    .filter(({ part, schema }) => part === 'querystring' && 'business' in schema.properties)
    .map(({ service, route }) => [service, ...route.split(' ')] as [string, string, string]);
  expect(named.length).toBeGreaterThanOrEqual(7);
  for (const [name, method, url] of named) {
    const knocked = async (person: string): Promise<unknown> => {
      const headers = { 'x-api-key': people[person] ?? '' };
      const { status, body } = await knock(name, { method, url }, headers, '?business=default');
      return [url, status, body?.['code']];
    };
    expect(await knocked("another business' owner")).toEqual([url, 403, 'BUSINESS_NOT_ALLOWED']);
    expect(await knocked('admin')).not.toContain(403);
  }
});

test('the doors of the telephony provider are closed to every key: only its signature opens them', async () => {
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

  test('switches protocols nowhere but at the media path', async () => {
    const paths = new Set((services[name]?.routes ?? []).map(({ url }) => fill(url)));
    for (const path of [...paths, '/nothing']) {
      const { status, socket } = await openUpgrade(services[name]?.url ?? '', path);
      const expected = path === '/ws/twilio-media' ? '101 Switching Protocols' : '404 Not Found';
      expect([path, status]).toEqual([path, `HTTP/1.1 ${expected}`]);
      socket.destroy();
    }
  });
});
