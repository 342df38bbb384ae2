import { askRaw, openUpgrade } from '@prosaas/devstack';
import { createLogger, identify, loadConfig } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiConfig } from '../../apps/api/src/config.ts';
import { startApi } from '../../apps/api/src/service.ts';
import { BaileysConfig } from '../../apps/baileys/src/config.ts';
import { startBaileys } from '../../apps/baileys/src/service.ts';
import { CallsConfig } from '../../apps/calls/src/config.ts';
import { startCalls } from '../../apps/calls/src/service.ts';
import { type Answer, ask } from './support/ask.ts';
import { type Route, collectRoutes, fill } from './support/routes.ts';
import { codeOf, readTable } from './support/tables.ts';

// Every service in this process, so that no route can be missed. Their keys are set: who is let in needs no database.
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
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
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
  const starts = {
    api: () => startApi(loadConfig(ApiConfig, env), { identity: identify('api'), log }),
    calls: () => startCalls(loadConfig(CallsConfig, env), { identity: identify('calls'), log }),
    baileys: () => startBaileys(loadConfig(BaileysConfig, env), { identity: identify('baileys'), log }),
  };
  for (const [name, start] of Object.entries(starts)) {
    const { started, routes } = await collectRoutes(start);
    running.use(started);
    services[name] = { url: started.url, routes };
  }
});
afterAll(() => running.disposeAsync());

/** Open to everyone: the health endpoints, as the manual lists them. */
const open = new Set(
  readTable('observability.md', 'Health endpoints').map(
    (row) => `${row['service']} ${codeOf(row['endpoint'] ?? '')}`,
  ),
);

/** Beside each probe stands each of its checks: `/readyz/database`. */
const isOpen = (name: string, url: string): boolean =>
  open.has(`${name} ${url}`) || open.has(`${name} ${url.slice(0, url.lastIndexOf('/'))}`);

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

/** Pages for people: a browser is asked for the admin key as the password of HTTP Basic. */
const isPage = (name: string, url: string): boolean => name === 'api' && url.startsWith('/admin/');

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
    expect.arrayContaining([
      'GET /metrics.json',
      'GET /api/conversations',
      'POST /api/messages',
      'GET /admin/queues',
      'GET /admin/queues/*',
    ]),
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
      const challenge = isPage(name, route.url) ? 'Basic realm="ProSaaS", charset="UTF-8"' : 'Bearer';
      expect({ ...route, challenge: answer.headers.get('www-authenticate') }).toEqual({
        ...route,
        challenge,
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
      ...[keys.API_KEY, keys.METRICS_TOKEN, keys.INTERNAL_SECRET].map((key) => ({
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

  test('is closed to the admin key as a password, but for the pages', async () => {
    for (const route of closedRoutes(name)) {
      const { status } = await knock(name, route, { authorization: basic(keys.ADMIN_KEY) });
      expect({ ...route, closed: status === 401 }).toEqual({ ...route, closed: !isPage(name, route.url) });
    }
  });

  test('is closed to the metrics token, but for the metrics', async () => {
    const routes = closedRoutes(name).filter((one) => !one.url.startsWith('/metrics'));
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

test('the secret between services opens nothing in the api', async () => {
  for (const route of closedRoutes('api')) {
    const answer = await knock('api', route, { 'x-internal-secret': keys.INTERNAL_SECRET });
    expect({ ...route, status: answer.status, closed: [401, 403].includes(answer.status) }).toMatchObject({
      closed: true,
    });
  }
});

test('an API key opens what the manual says, and not what needs the admin key', async () => {
  const rows = readTable('api.md', 'Endpoints').map((row) => ({
    method: row['method'] ?? '',
    url: codeOf(row['path'] ?? '').replaceAll(/\{(\w+)\}/g, ':$1'),
    admin: row['key'] === 'admin key',
  }));
  const found = closedRoutes('api')
    .filter(({ method, url }) => method !== 'HEAD' && url.startsWith('/api/'))
    .map(({ method, url }) => `${method} ${url}`);
  expect(found.toSorted()).toEqual(rows.map(({ method, url }) => `${method} ${url}`).toSorted());
  for (const { admin, ...route } of rows) {
    const { status } = await knock('api', route, { 'x-api-key': keys.API_KEY });
    expect({ ...route, closed: [401, 403].includes(status) }).toEqual({ ...route, closed: admin });
    for (const header of ['x-api-key', 'x-admin-key']) {
      const byAdmin = await knock('api', route, { [header]: keys.ADMIN_KEY });
      expect({ ...route, closed: [401, 403].includes(byAdmin.status) }).toEqual({ ...route, closed: false });
    }
  }
});

test('pairing and all that changes a session is closed to an API key', async () => {
  const changes = closedRoutes('baileys').filter(
    ({ method, url }) => method !== 'GET' && method !== 'HEAD' && url.startsWith('/api/sessions'),
  );
  expect(changes.length).toBeGreaterThanOrEqual(6);
  for (const route of changes) {
    const answer = await knock('baileys', route, { 'x-api-key': keys.API_KEY });
    expect({ ...route, status: answer.status }).toEqual({ ...route, status: 403 });
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
