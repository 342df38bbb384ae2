import { createDatabase, createPerson } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { createLogger, identify, loadConfig } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiConfig } from '../../apps/api/src/config.ts';
import { startApi } from '../../apps/api/src/service.ts';
import { KEYS, type Replica, SOON, Stack } from '../../apps/baileys/test/harness.ts';

interface Session {
  id: string;
  status: string;
  reason: string | null;
  detail: string | null;
  since: string | null;
  phone_number: string | null;
  last_outbound_at: string | null;
  waiting: number;
  changes: { at: string; status: string; reason: string | null }[];
}
interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

// An api and two replicas of baileys. The first replica holds the sessions, the api only knows the second one.
const running = new AsyncDisposableStack();
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let stack: Stack;
let holder: Replica;
let knownReplica: Replica;
let apiUrl: string;
const people: Record<string, { id: string; key: string }> = {};

beforeAll(async () => {
  stack = running.use(await Stack.start());
  await using db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  for (const [name, role, business_id] of [
    ['Ruth', 'admin', 'default'],
    ['Dana', 'owner', 'default'],
    ['Omer', 'owner', 'other'],
  ] as const) {
    const input = { business_id, name, role, phone_number: null, email: null };
    const created = await createPerson(db, input, { most: 9 });
    people[name] = { id: created?.person.id ?? '', key: created?.key ?? '' };
  }
  holder = await stack.replica();
  knownReplica = await stack.replica();
  const config = loadConfig(ApiConfig, {
    ...KEYS,
    API_PORT: '0',
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redis.url,
    BAILEYS_URL: knownReplica.url,
  });
  const api = running.use(await startApi(config, { identity: identify('api'), log }));
  apiUrl = api.url;
  await poll(async () => (await ask('GET', '/api/me', 'Omer')).status === 200, {
    what: 'the keys of people',
  });
});
afterAll(() => running.disposeAsync());

/** Sends a request to the api. `who` is the name of a person, or a key. */
async function ask<T = Record<string, unknown>>(
  method: string,
  path: string,
  who = 'Ruth',
  { body, headers }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<T>> {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers: {
      'x-api-key': people[who]?.key ?? who,
      ...headers,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : {}) as T,
  };
}

const sessionNow = async (id: string, who?: string): Promise<Session> =>
  (await ask<Session>('GET', `/api/sessions/${id}`, who)).body;
const statusOf = (id: string) => async (): Promise<string> => (await sessionNow(id)).status;

test('a session is created, paired, stopped, started, logged out and deleted through the api', async () => {
  const created = await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'desk' } });
  expect([created.status, created.headers.get('location')]).toEqual([201, '/api/sessions/desk']);
  const qr = await ask('GET', '/api/desk/auth/qr?format=raw');
  expect([qr.status, qr.headers.get('cache-control')]).toEqual([200, 'no-store']);
  const image = await ask('GET', '/api/desk/auth/qr?format=image');
  expect(image.headers.get('content-type')).toBe('image/png');
  await stack.whatsapp.scanQr(qr.text, { number: '4915100000001' });
  await expect.poll(statusOf('desk'), SOON).toBe('WORKING');
  await expect.poll(async () => (await sessionNow('desk')).phone_number, SOON).toBe('4915100000001');

  expect((await ask('POST', '/api/sessions/desk/stop')).body).toMatchObject({ status: 'STOPPED' });
  expect((await ask('POST', '/api/sessions/desk/start')).status).toBe(200);
  await expect.poll(statusOf('desk'), SOON).toBe('WORKING');
  expect((await ask('POST', '/api/sessions/desk/restart')).status).toBe(200);
  await expect.poll(statusOf('desk'), SOON).toBe('WORKING');
  expect((await ask('POST', '/api/sessions/desk/logout')).body).toMatchObject({ status: 'STOPPED' });

  const statuses = async (): Promise<string[]> =>
    (await sessionNow('desk')).changes.map(({ status }) => status);
  await expect
    .poll(async () => (await statuses()).filter((status) => status !== 'STARTING'), SOON)
    .toEqual(['SCAN_QR_CODE', 'WORKING', 'STOPPED', 'WORKING', 'STOPPED', 'WORKING', 'STOPPED']);
  expect((await statuses())[0]).toBe('STARTING');

  expect((await ask('DELETE', '/api/sessions/desk')).status).toBe(204);
  expect((await ask('GET', '/api/sessions/desk')).body).toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

test('finds failing sessions among many, and waits for the next QR code', async () => {
  await stack.rows(`insert into whatsapp_sessions (id, business_id, wanted)
    select 'wrong-' || lpad(n::text, 3, '0'), 'default', 'stopped' from generate_series(1, 450) n`);
  await stack.rows(`update whatsapp_sessions set wanted = 'started', last_error = 'logged_out', last_error_at = now()
    where id in ('wrong-210', 'wrong-400', 'wrong-401')`);
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `/api/sessions?wrong=true&limit=2${cursor && `&cursor=${cursor}`}`;
    const { body } = await ask<{ items: Session[]; next_cursor: string | null }>('GET', path, 'Dana');
    expect(body.items.length).toBeLessThanOrEqual(2);
    found.push(...body.items.map(({ id }) => id));
    cursor = body.next_cursor;
  }
  expect(found).toEqual(['wrong-210', 'wrong-400', 'wrong-401']);
  await stack.rows(`delete from whatsapp_sessions where id like 'wrong-%'`);

  await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'codes' } });
  const codeAfter = async (id?: string): Promise<Record<string, unknown>> => {
    const path = `/api/codes/auth/qr${id === undefined ? '' : `?after=${id}`}`;
    return (await ask('GET', path, 'Ruth', { headers: { accept: 'application/json' } })).body;
  };
  const first = await codeAfter();
  expect(first).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{16}$/), mimetype: 'image/png' });
  expect((await codeAfter('0123456789abcdef'))['id']).toBe(first['id']);
  expect(await codeAfter('x')).toMatchObject({ code: 'VALIDATION_FAILED' });
  const next = codeAfter(String(first['id']));
  expect((await ask('POST', '/api/sessions/codes/restart')).status).toBe(200);
  const second = (await next)['id'];
  expect(second).toMatch(/^[0-9a-f]{16}$/);
  expect(second).not.toBe(first['id']);
  const waiting = codeAfter(String(second));
  const raw = await ask('GET', '/api/codes/auth/qr?format=raw');
  await stack.whatsapp.scanQr(raw.text, { number: '4915100000009' });
  // There is no next code, because the session is paired.
  expect(await waiting).toMatchObject({
    code: 'QR_NOT_AVAILABLE',
    detail: expect.stringContaining('is paired'),
  });
  await ask('DELETE', '/api/sessions/codes');
});

test('passes on refusals of the baileys service', async () => {
  const taken = { id: 'twice', start: false };
  expect((await ask('POST', '/api/sessions', 'Ruth', { body: taken })).status).toBe(201);
  const refusals = [
    await ask('POST', '/api/sessions', 'Ruth', { body: taken }),
    await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'x', surprise: 1 } }),
    await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'x', business_id: 'nobody' } }),
    await ask('POST', '/api/sessions/nobody/start'),
    await ask('GET', '/api/sessions?cursor=x&surprise=1'),
    await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'x'.repeat(5000) } }),
    await ask('POST', '/api/sessions/a%2Fb/start'),
  ];
  expect(refusals.map(({ status, body }) => [status, body['code']])).toEqual([
    [409, 'SESSION_EXISTS'],
    [400, 'VALIDATION_FAILED'],
    [404, 'BUSINESS_NOT_FOUND'],
    [404, 'SESSION_NOT_FOUND'],
    [400, 'VALIDATION_FAILED'],
    [413, 'BODY_TOO_LARGE'],
    [400, 'VALIDATION_FAILED'],
  ]);
  for (const { headers } of refusals)
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('people see only the sessions of their business and cannot change them; each change is in the audit log once', async () => {
  await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'theirs', business_id: 'other', start: false } });
  await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'ours', start: false } });
  const seen = async (who: string): Promise<string[]> =>
    (await ask<{ items: Session[] }>('GET', '/api/sessions', who)).body.items.map(({ id }) => id);
  expect(await seen('Omer')).toEqual(['theirs']);
  expect(await seen('Dana')).not.toContain('theirs');
  expect(await seen('Ruth')).toEqual(expect.arrayContaining(['ours', 'theirs']));
  expect((await ask('GET', '/api/sessions/ours', 'Omer')).status).toBe(404);
  expect((await ask('GET', '/api/sessions/ours', KEYS.API_KEY)).status).toBe(200);
  for (const [method, path] of [
    ['POST', '/api/sessions'],
    ['POST', '/api/sessions/ours/start'],
    ['DELETE', '/api/sessions/ours'],
    ['GET', '/api/ours/auth/qr'],
  ] as const)
    expect([path, (await ask(method, path, 'Dana')).status]).toEqual([path, 403]);

  await ask('POST', '/api/sessions/ours/stop', 'Ruth', { headers: { 'x-request-id': 'stop-it' } });
  const lines = () =>
    stack.rows(`select action, role, person_id, person_name, target, address from audit_log
      where request_id = 'stop-it'`);
  await expect.poll(lines, SOON).toEqual([
    {
      action: 'POST /api/sessions/:session/stop',
      role: 'admin',
      person_id: people['Ruth']?.id,
      person_name: 'Ruth',
      target: 'ours',
      address: '127.0.0.1',
    },
  ]);
});

test('passes on the identity of a signed-in person, and records in the audit log that she viewed the QR code', async () => {
  await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'by-cookie' } });
  const signIn = await ask('POST', '/api/sign-in', 'nobody', { body: { key: people['Ruth']?.key } });
  const [cookie = ''] = signIn.headers.getSetCookie()[0]?.split(';') ?? [];
  const byCookie = (method: string, path: string, headers = {}): Promise<Response> =>
    fetch(`${apiUrl}${path}`, { method, headers: { cookie, ...headers } });
  expect((await byCookie('GET', '/api/sessions/by-cookie')).status).toBe(200);
  const qr = await byCookie('GET', '/api/by-cookie/auth/qr?format=raw', { 'x-request-id': 'looked' });
  expect(qr.status).toBe(200);
  expect((await byCookie('POST', '/api/sessions/by-cookie/stop')).status).toBe(403);
  const stop = await byCookie('POST', '/api/sessions/by-cookie/stop', { 'x-requested-with': 'console' });
  expect(stop.status).toBe(200);
  const lines = () =>
    stack.rows(
      `select action, person_name from audit_log where request_id = 'looked' and action not like 'forwarded %'`,
    );
  await expect.poll(lines, SOON).toEqual([{ action: 'GET /api/:session/auth/qr', person_name: 'Ruth' }]);
});

test('a session shows its waiting messages, its last send and its changes since yesterday', async () => {
  await ask('POST', '/api/sessions', 'Ruth', { body: { id: 'busy', start: false } });
  await stack.rows(`insert into session_changes (session_id, at, status, reason) values
    ('busy', now() - interval '3 days', 'WORKING', null), ('busy', now() - interval '2 days', 'FAILED', 'logged_out'),
    ('busy', now() - interval '1 hour', 'STARTING', 'connecting')`);
  await stack.rows(`update whatsapp_sessions set last_error = 'logged_out', last_error_at = now(), wanted = 'started',
    last_outbound_at = '2026-01-02T03:04:05Z' where id = 'busy'`);
  const [chat] = await stack.rows<{
    id: string;
  }>(`insert into conversations (business_id, channel, session_id, contact)
    values ('default', 'whatsapp', 'busy', '1@s.whatsapp.net') returning id`);
  await stack.rows(
    `insert into messages (business_id, conversation_id, session_id, direction, status, text)
     select 'default', $1, 'busy', 'outbound', status, 'x' from unnest(array['queued', 'queued', 'sent']) as status`,
    [chat?.id],
  );
  expect(await sessionNow('busy')).toMatchObject({
    status: 'FAILED',
    reason: 'logged_out',
    detail: expect.stringContaining('scan the QR code again'),
    waiting: 2,
    last_outbound_at: '2026-01-02T03:04:05.000Z',
    changes: [
      { status: 'FAILED', reason: 'logged_out' },
      { status: 'STARTING', reason: 'connecting' },
    ],
  });
});

test('while the baileys service is away, the list shows the known state, and changes fail as retryable', async () => {
  await holder[Symbol.asyncDispose]();
  await knownReplica[Symbol.asyncDispose]();
  const { body } = await ask<{ items: Session[] }>('GET', '/api/sessions?limit=1', 'Dana');
  expect(body).toMatchObject({ next_cursor: expect.any(String) });
  expect(body.items).toMatchObject([
    { id: 'busy', status: 'UNKNOWN', reason: 'service_away', since: null, waiting: 2 },
  ]);
  expect(await sessionNow('busy')).toMatchObject({ status: 'UNKNOWN', changes: [{}, {}] });
  expect((await ask('GET', '/api/sessions/busy', 'Omer')).status).toBe(404);
  const start = await ask('POST', '/api/sessions/busy/start');
  expect([start.status, start.body['code'], start.headers.get('retry-after')]).toEqual([
    503,
    'BAILEYS_AWAY',
    '1',
  ]);
  expect(start.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});
