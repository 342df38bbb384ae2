import { hash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askRaw } from '@prosaas/devstack';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KEYS, type Replica, SOON, Stack } from './harness.ts';

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let stack: Stack;
let replica: Replica;
let second: Replica;
/** The instance of `replica`. */
let instance: string;
/** A server under the URL of a lease, which records its requests. */
let elsewhere: Server;
let elsewhereUrl: string;
let seen: Seen[];
let status = 200;

const lease = (id: string): string => `{prosaas}:whatsapp:owner:${id}`;
const business = { 'x-api-key': KEYS.API_KEY };
const internal = { 'x-internal-secret': KEYS.INTERNAL_SECRET };
const text = (session: string): object => ({ session, chatId: '972501234567', text: 'x' });

beforeAll(async () => {
  stack = await Stack.start();
  elsewhere = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"id":"1","status":"sent"}');
    });
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  elsewhereUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  replica = await stack.replica();
  await replica.admin('POST', '/api/sessions', { id: 'mine' });
  await replica.until('mine', 'SCAN_QR_CODE');
  instance = (await stack.commands.hget(lease('mine'), 'instance')) ?? '';
  // Another owner has the lease before this replica can take the session.
  await heldBy('other');
  await replica.admin('POST', '/api/sessions', { id: 'away' });
  second = await stack.replica();
});
afterAll(async () => {
  elsewhere.closeAllConnections();
  elsewhere.close();
  await stack[Symbol.asyncDispose]();
});
afterEach(() => {
  status = 200;
});

/** Sets the owner of `away`, by default with the URL of `elsewhere`. */
async function heldBy(owner: string, url = elsewhereUrl): Promise<void> {
  seen = [];
  await stack.commands.hset(lease('away'), { instance: owner, url, token: '1' });
}

test('a request line with another host is refused and not forwarded', async () => {
  await heldBy('other', 'http://127.0.0.1:1');
  const body = JSON.stringify(text('away'));
  const answer = await askRaw(
    replica.url,
    [
      `POST ${elsewhereUrl}/api/sendText HTTP/1.1`,
      'Host: x',
      `X-Api-Key: ${KEYS.API_KEY}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(seen).toEqual([]);
});

test('the owner gets a signed request with the declared parameters and without secrets', async () => {
  await heldBy('other');
  const withAdminKey = { 'x-admin-key': KEYS.ADMIN_KEY };
  await replica.call('GET', '/api/away/auth/qr?format=raw', withAdminKey);
  for (const path of ['/api/away/auth/qr?format=raw&token=secret', '/api/away/auth/qr?x=//evil.example'])
    expect((await replica.call('GET', path, withAdminKey)).status).toBe(400);
  await replica.call('POST', '/api/sendText', { ...business, 'idempotency-key': 'k1' }, text('away'));
  await replica.call('POST', '/api/sessions/away/logout', { authorization: `Bearer ${KEYS.ADMIN_KEY}` });
  expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['GET', '/api/away/auth/qr?format=raw', ''],
    ['POST', '/api/sendText', JSON.stringify(text('away'))],
    ['POST', '/api/sessions/away/logout', ''],
  ]);
  for (const { headers } of seen) {
    expect(headers['x-prosaas-hop']).toMatch(/^v1\.[\w-]+\.[\w-]{43}$/);
    for (const secret of Object.values(KEYS)) expect(JSON.stringify(headers)).not.toContain(secret);
  }
});

test.each([
  ['no URL', 'not a url'],
  ['another scheme', 'ftp://127.0.0.1/'],
])('an owner whose URL is %s is unreachable', async (_name, url) => {
  await heldBy('other', url);
  const answer = await replica.call<{ code: string }>('POST', '/api/sendText', business, text('away'));
  expect([answer.status, answer.body.code]).toEqual([503, 'OWNER_UNREACHABLE']);
});

test('an owner of an older build is unreachable for now', async () => {
  await heldBy('other');
  status = 401;
  const answer = await replica.call<{ code: string }>('POST', '/api/sendText', internal, text('away'));
  expect([answer.status, answer.body.code]).toEqual([503, 'OWNER_UNREACHABLE']);
  expect(answer.headers.get('retry-after')).toBe('1');
});

test('a send without an idempotency key is forwarded with a new, signed one', async () => {
  await heldBy(instance);
  for (let times = 0; times < 2; times += 1)
    await second.call('POST', '/api/sendText', business, text('away'));
  const keys = seen.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  expect(keys[0]).not.toBe(keys[1]);
});

describe('a captured hop', () => {
  /** A send that the second replica signed, on its way. */
  async function captured(to = instance): Promise<Seen> {
    await heldBy(to);
    await second.call('POST', '/api/sendText', { ...business, 'idempotency-key': 'k2' }, text('away'));
    return seen[0] as Seen;
  }
  const deliver = (hop: Seen, change: Partial<Seen> = {}): ReturnType<Replica['call']> => {
    const { method, url, headers, body } = { ...hop, ...change };
    const { host: _host, connection: _connection, 'content-length': _length, ...kept } = headers;
    return replica.call(method, url, kept as Record<string, string>, body === '' ? undefined : body);
  };

  test('is answered by its target while its signature is valid', async () => {
    const hop = await captured();
    for (let times = 0; times < 2; times += 1) {
      const answer = await deliver(hop);
      expect([answer.status, answer.body]).toMatchObject([409, { code: 'SESSION_NOT_WORKING' }]);
    }
  });

  test('is refused by another replica', async () => {
    const answer = await deliver(await captured('somebody else'));
    expect([answer.status, answer.body]).toMatchObject([503, { code: 'HOP_REFUSED' }]);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test.each<[string, Partial<Seen>]>([
    ['another path', { url: '/api/away/auth/qr?format=raw', method: 'GET', body: '' }],
    ['another method', { url: '/api/sessions/away', method: 'DELETE', body: '' }],
    ['a query', { url: '/api/sendText?x=1' }],
    ['another body', { body: JSON.stringify({ ...text('away'), text: 'y' }) }],
    ['an equivalent body in other bytes', { body: `${JSON.stringify(text('away'))} ` }],
    ['no body', { body: '' }],
  ])('is refused with %s', async (_name, change) => {
    expect((await deliver(await captured(), change)).status).toBe(401);
  });
});

describe('the internal secret alone', () => {
  test.each([
    ['GET', '/api/mine/auth/qr'],
    ['POST', '/api/sessions'],
    ['POST', '/api/sessions/mine/logout'],
    ['POST', '/api/sessions/mine/restart'],
    ['DELETE', '/api/sessions/mine'],
    ['POST', '/api/sendText'],
  ])('in an unsigned hop of an older build gets a retryable error: %s %s', async (method, path) => {
    const answer = await replica.call<{ code: string }>(method, path, { ...internal, 'x-prosaas-hop': '1' });
    expect([answer.status, answer.body.code]).toEqual([503, 'HOP_UNSIGNED']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('allows the list of sessions and sending only', async () => {
    const opened = async (method: string, path: string, body?: object): Promise<number> =>
      (await replica.call(method, path, internal, body)).status;
    expect(await opened('GET', '/api/sessions')).toBe(200);
    expect(await opened('POST', '/api/sendText', text('mine'))).toBe(409);
    expect(await opened('GET', '/api/sessions/mine')).toBe(403);
    expect(await opened('GET', '/api/mine/auth/qr')).toBe(403);
    expect(await opened('POST', '/api/sessions/mine/logout')).toBe(403);
  });

  test('is refused with a forged hop', async () => {
    for (const hop of ['2', 'v1.e30.x', `v1.e30.${'A'.repeat(43)}`, 'v2.e30.x']) {
      const answer = await replica.call('GET', '/api/mine/auth/qr', { ...internal, 'x-prosaas-hop': hop });
      expect([hop, answer.status]).toEqual([hop, 401]);
    }
  });
});

test('the owner audits forwarded requests', async () => {
  await second.call('GET', '/api/mine/auth/qr', { 'x-admin-key': KEYS.ADMIN_KEY, 'x-request-id': 'asked' });
  await second.call('POST', '/api/sendText', business, text('mine'));
  await second.call('POST', '/api/sendText', internal, text('mine'));
  const rows = () =>
    stack.rows<{ role: string; action: string; target: string | null }>(
      `select distinct role, action, target from audit_log where action like 'forwarded %' order by role`,
    );
  await expect.poll(rows, SOON).toEqual([
    {
      role: 'admin',
      action: 'forwarded GET /api/:session/auth/qr',
      target: expect.stringMatching(/^mine from \S+$/),
    },
    {
      role: 'business',
      action: 'forwarded POST /api/sendText',
      target: expect.stringMatching(/^\w+ business \S+ from \S+$/),
    },
    {
      role: 'internal',
      action: 'forwarded POST /api/sendText',
      target: expect.stringMatching(/^mine from \S+$/),
    },
  ]);
  // The replica that was asked, and the one that answered.
  const asked = `select action from audit_log where request_id = 'asked' order by action`;
  await expect
    .poll(() => stack.rows<{ action: string }>(asked), SOON)
    .toEqual([{ action: 'GET /api/:session/auth/qr' }, { action: 'forwarded GET /api/:session/auth/qr' }]);
});

test('a forwarded request keeps its person, and each of their sends is audited', async () => {
  const key = 'k'.repeat(43);
  const [person] = await stack.rows<{ id: string }>(
    `insert into people (business_id, name, role, key_hash) values ('default', 'Dana', 'staff', $1) returning id`,
    [hash('sha256', key, 'buffer')],
  );
  const send = async (): Promise<number> =>
    (await second.call('POST', '/api/sendText', { 'x-api-key': key }, text('mine'))).status;
  await expect.poll(send, SOON).toBe(409);
  await send();
  const rows = () =>
    stack.rows<object>(
      `select action, role, person_id, person_name, address, count(*)::int as lines from audit_log
        where person_id is not null group by 1, 2, 3, 4, 5 order by action`,
    );
  const line = { role: 'staff', person_id: person?.id, person_name: 'Dana', address: '127.0.0.1', lines: 2 };
  await expect.poll(rows, SOON).toEqual([
    { ...line, action: 'POST /api/sendText' },
    { ...line, action: 'forwarded POST /api/sendText' },
  ]);
  expect((await second.call('GET', '/api/mine/auth/qr', { 'x-api-key': key })).status).toBe(403);
  await stack.rows('update people set revoked_at = now() where id = $1', [person?.id]);
  await expect.poll(send, SOON).toBe(401);
});
