import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { AppError, createLogger } from '@prosaas/runtime';
import type { InjectOptions } from 'fastify';
import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App } from './app-type.ts';
import { buildHttpApp } from './app.ts';
import { type GuardKeys, guard, metricsGuard } from './guard.ts';
import { pageQuery } from './page.ts';

class CallNotFound extends AppError {
  override code = 'CALL_NOT_FOUND';
  override status = 404;
}

const secret = 'tokentokentoken';
const keyRing: GuardKeys = {
  current: () => ({
    apiKeys: [],
    adminKey: 'admin',
    metricsTokens: [secret],
    internalSecret: 'internal',
  }),
  people: () => undefined,
};

let app: App;
let lines: string[];

beforeEach(() => {
  lines = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'trace', destination });
  app = buildHttpApp({ log, bodyLimit: 100 });
  app.get('/healthz', async () => ({ status: 'ok' }));
  for (const path of ['/readyz/database', '/api/health/redis', '/health/whatsapp/baileys', '/healthzzz'])
    app.get(path, async () => ({ status: 'pass' }));
  app.get('/fails', async () => {
    throw new Error('the password is hunter2');
  });
  app.get('/unhealthy', async () => {
    throw new AppError('Redis is away', { status: 503, code: 'REDIS_AWAY' });
  });
  app.get('/calls/:id', async () => {
    throw new CallNotFound('There is no such call');
  });
  const body = Type.Object({
    text: Type.String({ minLength: 1 }),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  });
  app.post('/messages', { schema: { body } }, async (request) => request.body);
  app.get('/api/plain', async () => ({}));
  app.get('/list', { schema: { querystring: pageQuery } }, async (request) => request.query);
  app.get('/metrics.json', { onRequest: metricsGuard(keyRing) }, async () => ({}));
  const internalOnly = { onRequest: guard(keyRing, { roles: ['internal'] }) };
  app.get('/internal', internalOnly, async () => ({}));
  app.post('/internal', internalOnly, async () => ({}));
});
afterEach(() => app.close());

const json = { 'content-type': 'application/json' };

describe('an error', () => {
  test.each<[string, InjectOptions, number, string]>([
    ['for an unknown path', { method: 'GET', url: '/nothing' }, 404, 'NOT_FOUND'],
    ['for a wrong method', { method: 'POST', url: '/healthz' }, 405, 'METHOD_NOT_ALLOWED'],
    [
      'for a wrong method with a malformed body',
      { method: 'POST', url: '/healthz', headers: json, payload: '{' },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'for a wrong method with an unknown type',
      { method: 'PUT', url: '/list', headers: { 'content-type': 'a/b' }, payload: 'x' },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'for malformed JSON',
      { method: 'POST', url: '/messages', headers: json, payload: '{' },
      400,
      'MALFORMED_JSON',
    ],
    [
      'for an empty body',
      { method: 'POST', url: '/messages', headers: json, payload: '' },
      400,
      'MALFORMED_JSON',
    ],
    [
      'for a body that sets __proto__',
      { method: 'POST', url: '/messages', headers: json, payload: '{"__proto__":{"a":1}}' },
      400,
      'MALFORMED_JSON',
    ],
    [
      'for an unknown type',
      { method: 'POST', url: '/messages', headers: { 'content-type': 'a/b' }, payload: 'x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'for text/plain',
      {
        method: 'POST',
        url: '/messages',
        headers: { 'content-type': 'text/plain' },
        payload: '{"text":"x"}',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'for a body over the limit',
      { method: 'POST', url: '/messages', headers: json, payload: { text: 'x'.repeat(200) } },
      413,
      'BODY_TOO_LARGE',
    ],
    ['for a path that is not a valid URL', { method: 'GET', url: '/%zz' }, 400, 'BAD_URL'],
    ['from the domain', { method: 'GET', url: '/calls/1' }, 404, 'CALL_NOT_FOUND'],
    ['from a dependency', { method: 'GET', url: '/unhealthy' }, 503, 'REDIS_AWAY'],
    ['that is unexpected', { method: 'GET', url: '/fails' }, 500, 'INTERNAL_ERROR'],
  ])('%s is problem+json', async (_, request, status, code) => {
    const response = await app.inject(request);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.json()).toMatchObject({ type: 'about:blank', status, code, title: expect.any(String) });
    expect(response.headers['x-request-id']).toBe(response.json<{ request_id: string }>().request_id);
  });

  test('that is unexpected shows its message in the log only', async () => {
    const response = await app.inject('/fails');
    expect(response.body).not.toContain('hunter2');
    expect(lines.filter((line) => line.includes('hunter2'))).toHaveLength(1);
  });

  test('for a query names the parameters that the route does not have', async () => {
    const errorsOf = async (url: string): Promise<unknown> => {
      const response = await app.inject(url);
      return [response.statusCode, response.json<{ errors?: unknown }>().errors];
    };
    const unknown = (name: string): object => ({ field: `query.${name}`, message: 'is not known' });
    expect(await errorsOf('/list?limit=5&lmit=5&colour=red')).toEqual([
      400,
      [unknown('lmit'), unknown('colour')],
    ]);
    expect(await errorsOf(`/list?${'x'.repeat(500)}`)).toEqual([400, [unknown('x'.repeat(100))]]);
    expect(await errorsOf('/api/plain?x=1')).toEqual([400, [unknown('x')]]);
    expect((await app.inject('/api/plain')).statusCode).toBe(200);
    expect((await app.inject('/api/health/redis?x=1')).statusCode).toBe(200);
  });

  test('for a request that does not match its schema names every field', async () => {
    const wrong = await app.inject({ method: 'POST', url: '/messages', payload: { text: '', times: 0 } });
    expect(wrong.json()).toMatchObject({
      status: 400,
      code: 'VALIDATION_FAILED',
      errors: [{ field: 'body.text' }, { field: 'body.times' }],
    });
    const missing = await app.inject({ method: 'POST', url: '/messages', payload: {} });
    expect(missing.json()).toMatchObject({ errors: [{ field: 'body.text', message: 'is required' }] });
    const query = await app.inject('/list?limit=201');
    expect(query.json()).toMatchObject({ errors: [{ field: 'query.limit' }] });
  });

  test('for bytes that are not a request is problem+json too', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write('HELLO\r\n\r\n');
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
    expect(answer).toContain('"code":"BAD_REQUEST"');
  });
});

describe('a known path', () => {
  test('lists its methods in Allow', async () => {
    expect((await app.inject({ method: 'DELETE', url: '/healthz' })).headers['allow']).toBe('GET, HEAD');
    expect((await app.inject({ method: 'GET', url: '/messages' })).headers['allow']).toBe('POST');
    expect((await app.inject({ method: 'PATCH', url: '/calls/1' })).headers['allow']).toBe('GET, HEAD');
  });

  test('answers HEAD like GET, without the body', async () => {
    const get = await app.inject('/healthz');
    const head = await app.inject({ method: 'HEAD', url: '/healthz' });
    expect(head.statusCode).toBe(200);
    expect(head.body).toBe('');
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
  });

  test('fills in the defaults of its query', async () => {
    expect((await app.inject('/list')).json()).toEqual({ limit: 50 });
    expect((await app.inject('/list?limit=7&cursor=c')).json()).toEqual({ limit: 7, cursor: 'c' });
  });
});

describe('the query of a URL', () => {
  test.each<InjectOptions>([
    { method: 'GET', url: `/nothing?token=${secret}` },
    { method: 'POST', url: `/healthz?token=${secret}` },
    { method: 'GET', url: `/%zz?token=${secret}` },
    { method: 'GET', url: `/list?limit=${secret}&secret=${secret}` },
    { method: 'GET', url: `/calls/1?x=${secret}` },
    { method: 'GET', url: `/fails?x=${secret}` },
    { method: 'GET', url: `/metrics.json?token=${secret}x` },
    { method: 'GET', url: `/calls/${'x'.repeat(300)}?x=${secret}` },
  ])('%#: reaches neither the log nor an error page', async (request) => {
    const response = await app.inject(request);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    expect(response.body).not.toContain(secret);
    expect(JSON.stringify(response.headers)).not.toContain(secret);
    expect(lines.join('')).not.toContain(secret);
  });
});

describe('the log', () => {
  const answered = (): unknown[] =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request answered');

  test('has a line for each answer, with the request id', async () => {
    await app.inject({ url: '/calls/1?x=y', headers: { 'x-request-id': 'mine-1' } });
    expect(answered()).toMatchObject([
      { method: 'GET', path: '/calls/1', status: 404, request_id: 'mine-1' },
    ]);
  });

  test('has no line for a probe that passes', async () => {
    await app.inject('/healthz');
    await app.inject(`/metrics.json?token=${secret}`);
    expect(answered()).toEqual([]);
    await app.inject('/metrics.json');
    expect(answered()).toMatchObject([{ path: '/metrics.json', status: 401 }]);
  });

  test('has no line for a single check that passes, but for a path that only begins like a probe', async () => {
    for (const path of ['/readyz/database?verbose', '/api/health/redis', '/health/whatsapp/baileys'])
      expect((await app.inject(path)).statusCode).toBe(200);
    expect(answered()).toEqual([]);
    await app.inject('/healthzzz');
    await app.inject('/readyz/nothing');
    expect(answered()).toMatchObject([{ path: '/healthzzz' }, { path: '/readyz/nothing', status: 404 }]);
  });

  test('has no line for reads between services, but for their other requests', async () => {
    const headers = { 'x-internal-secret': keyRing.current()?.internalSecret };
    await app.inject({ url: '/internal', headers });
    expect(answered()).toEqual([]);
    await app.inject({ method: 'POST', url: '/internal', headers });
    await app.inject({ url: '/internal' });
    expect(answered()).toMatchObject([
      { method: 'POST', status: 200 },
      { method: 'GET', status: 401 },
    ]);
  });

  test('replaces a request id that could forge a line', async () => {
    const response = await app.inject({ url: '/healthz', headers: { 'x-request-id': 'a b"}' } });
    expect(response.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  });
});
