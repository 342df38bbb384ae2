import { hash } from 'node:crypto';
import { type KeyHolder, type KeyHolders, createLogger } from '@prosaas/runtime';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { App } from './app-type.ts';
import { buildHttpApp } from './app.ts';
import { type AuditedUse, type GuardKeys, canSeeDetails, guard, metricsGuard } from './guard.ts';

const secret = 'tokentokentoken';
const personKey = (letter: string): string => letter.repeat(43);
const holderOf = (letter: string, role: KeyHolder['role']): [string, KeyHolder] => [
  hash('sha256', personKey(letter), 'base64url'),
  { id: `id-${role}`, name: `A ${role}`, role, businessId: 'second' },
];
let people: KeyHolders | undefined;
const keyRing: GuardKeys = {
  current: () => ({
    apiKeys: [{ businessId: 'default', key: 'api' }],
    adminKey: 'admin',
    metricsTokens: [secret, 'metrics-new'],
    internalSecret: 'internal',
  }),
  people: () => people,
};

let app: App;
let audit: AuditedUse[];

beforeEach(() => {
  audit = [];
  people = new Map([holderOf('s', 'staff'), holderOf('o', 'owner'), holderOf('a', 'admin')]);
  app = buildHttpApp({ log: createLogger({ service: 'test', instance: 'test', level: 'silent' }) });
  app.get('/metrics.json', { onRequest: metricsGuard(keyRing) }, async () => ({}));
  app.get('/details', async (request) => ({ seen: canSeeDetails(keyRing)(request) }));
  const businessGuard = guard(keyRing, { roles: ['business'], audit: (use) => void audit.push(use) });
  app.get('/things/:id', { onRequest: businessGuard }, async (request) => request.principal);
  app.post('/things', { onRequest: businessGuard, config: { audited: true } }, async (request) => {
    request.auditTarget = 'thing-1';
    return {};
  });
  const ownerGuard = guard(keyRing, { roles: ['owner'], audit: (use) => void audit.push(use) });
  app.get('/owners', { onRequest: ownerGuard }, async () => ({}));
  app.get('/admins', { onRequest: guard(keyRing, { roles: ['admin'] }) }, async () => ({}));
  const internalOnly = { onRequest: guard(keyRing, { roles: ['internal'] }) };
  app.post('/internal', internalOnly, async (request) => request.principal);
  app.get(
    '/keyless',
    { onRequest: guard({ current: () => undefined, people: () => undefined }, { roles: ['business'] }) },
    async () => ({}),
  );
});
afterEach(() => app.close());

const ask = (url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
  app.inject({ method: url === '/internal' ? 'POST' : 'GET', url, headers });

test.each<[string, string, Record<string, string>, number]>([
  ['without a key', '/things/1', {}, 401],
  ['with a wrong key', '/things/1', { 'x-api-key': 'wrong' }, 401],
  ['with the metrics token', '/things/1', { authorization: `Bearer ${secret}` }, 403],
  ['with the internal secret', '/things/1', { 'x-internal-secret': 'internal' }, 403],
  ['with the API key', '/things/1', { 'x-api-key': 'api' }, 200],
  ['with the admin key', '/things/1', { authorization: 'Bearer admin' }, 200],
  ['with the admin key', '/internal', { 'x-api-key': 'admin' }, 403],
  ['with the API key', '/internal', { 'x-api-key': 'api' }, 403],
  ['with the internal secret', '/internal', { 'x-internal-secret': 'internal' }, 200],
  ['without a token', '/metrics.json', {}, 401],
  ['with the API key', '/metrics.json', { 'x-api-key': 'api' }, 401],
  ['with the token', '/metrics.json', { authorization: `Bearer ${secret}` }, 200],
  ['with the other token', '/metrics.json', { authorization: 'bearer metrics-new' }, 200],
  ['with the token in the query', '/metrics.json?token=metrics-new', {}, 200],
  ['with two tokens in the query', '/metrics.json?token=metrics-new&token=x', {}, 401],
  ['with the token as Basic', '/metrics.json', { authorization: `Basic ${secret}` }, 401],
  ['before the keys are loaded', '/keyless', { 'x-api-key': 'api' }, 503],
])('%s: %s', async (_, url, headers, status) => {
  const response = await ask(url, headers);
  expect(response.statusCode).toBe(status);
  expect(response.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
});

test('sets the principal of the request', async () => {
  expect((await ask('/things/1', { 'x-api-key': 'api' })).json()).toEqual({
    role: 'business',
    businessId: 'default',
  });
  expect((await ask('/things/1', { 'x-admin-key': 'admin' })).json()).toEqual({ role: 'admin' });
});

test('audits each request with the admin key, and no other', async () => {
  await ask('/things/7?token=x', { 'x-admin-key': 'admin', 'x-request-id': 'r1' });
  await ask('/things/7', { 'x-api-key': 'api' });
  expect(audit).toEqual([
    {
      role: 'admin',
      action: 'GET /things/:id',
      requestId: 'r1',
      address: '127.0.0.1',
      params: { id: '7' },
      forwarded: false,
    },
  ]);
});

test('audits an admin by name, and everyone on an audited route', async () => {
  const staff = personKey('s');
  await ask('/things/7', { 'x-api-key': personKey('a'), 'x-forwarded-for': '9.9.9.9' });
  await ask('/things/7', { 'x-api-key': staff });
  const post = (headers: Record<string, string>): unknown =>
    app.inject({ method: 'POST', url: '/things', headers });
  await post({ 'x-api-key': staff });
  await post({ 'x-api-key': 'api' });
  await post({ 'x-api-key': 'wrong' });
  const admin = { id: 'id-admin', name: 'A admin', role: 'admin' };
  expect(audit).toMatchObject([
    { role: 'admin', person: admin, address: '127.0.0.1' },
    { role: 'staff', businessId: 'second', person: { id: 'id-staff', name: 'A staff' }, target: 'thing-1' },
    { role: 'business', businessId: 'default', target: 'thing-1' },
  ]);
});

test('accepts people by their role, and their keys only where the role allows', async () => {
  const statuses = async (headers: Record<string, string>): Promise<number[]> =>
    Promise.all(['/things/1', '/owners', '/admins'].map(async (url) => (await ask(url, headers)).statusCode));
  expect(await statuses({ 'x-api-key': 'api' })).toEqual([200, 403, 403]);
  expect(await statuses({ 'x-api-key': personKey('s') })).toEqual([200, 403, 403]);
  expect(await statuses({ 'x-api-key': personKey('o') })).toEqual([200, 200, 403]);
  expect(await statuses({ 'x-api-key': personKey('a') })).toEqual([200, 200, 200]);
  expect(await statuses({ authorization: `Bearer ${personKey('a')}` })).toEqual([200, 200, 200]);
  expect(await statuses({ 'x-admin-key': personKey('o') })).toEqual([401, 401, 401]);
  expect(await statuses({ authorization: `Bearer ${personKey('s')}` })).toEqual([401, 401, 401]);
  expect((await ask('/metrics.json', { authorization: `Bearer ${personKey('a')}` })).statusCode).toBe(200);
  expect((await ask('/metrics.json', { 'x-api-key': personKey('o') })).statusCode).toBe(401);
});

test('answers 503 while people are not loaded, but only to what may be the key of one', async () => {
  people = undefined;
  const unknown = await ask('/things/1', { 'x-api-key': personKey('s') });
  expect([unknown.statusCode, unknown.json()]).toMatchObject([503, { code: 'KEYS_NOT_LOADED' }]);
  expect((await ask('/things/1', { 'x-api-key': 'wrong' })).statusCode).toBe(401);
  expect((await ask('/things/1', { 'x-api-key': 'api' })).statusCode).toBe(200);
});

test('shows health details only with the metrics token or the admin key', async () => {
  const seen = async (headers: Record<string, string>): Promise<unknown> =>
    (await ask('/details', headers)).json();
  expect(await seen({})).toEqual({ seen: false });
  expect(await seen({ 'x-api-key': 'api' })).toEqual({ seen: false });
  expect(await seen({ authorization: `Bearer ${secret}` })).toEqual({ seen: true });
  expect(await seen({ 'x-admin-key': 'admin' })).toEqual({ seen: true });
});
