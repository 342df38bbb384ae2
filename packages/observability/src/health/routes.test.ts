import { poll } from '@prosaas/devstack';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { CheckFailure } from './check.ts';
import { Probe } from './probe.ts';
import { HealthRegistry } from './registry.ts';
import { healthRoutes } from './routes.ts';
import { build, disposedAfterTest, refused } from './test-app.ts';

test('liveness does not depend on any check', async () => {
  const { app, set } = await build();
  await set('database', refused(), 4);
  const healthz = await app.inject('/healthz');
  expect([healthz.statusCode, healthz.body]).toEqual([200, '{"status":"ok"}']);
  const livez = await app.inject('/livez');
  expect([livez.statusCode, livez.body]).toEqual([200, 'ok']);
  expect(livez.headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect((await app.inject('/livez?verbose')).body).toBe('[+]ping ok\nlivez check passed\n');
});

test('a failure shows its code to everyone, and its error text only with the token', async () => {
  const { app, set } = await build();
  await set('database', refused());
  const stranger = await app.inject('/api/health');
  expect(stranger.statusCode).toBe(503);
  expect(stranger.body).toBe(
    '{"status":"unhealthy","checks":{"database":{"status":"fail","reason":"refused"}}}',
  );
  for (const headers of [{}, { accept: 'application/health+json' }]) {
    for (const url of ['/api/health', '/api/health?verbose'])
      expect((await app.inject({ url, headers })).body).not.toContain('10.0.0.7');
  }
  const authorization = 'Bearer token';
  const friend = await app.inject({ url: '/api/health', headers: { authorization } });
  expect(friend.json()).toMatchObject({
    checks: { database: { error: 'connect ECONNREFUSED 10.0.0.7:5432' } },
  });
  const verbose = await app.inject({ url: '/api/health?verbose', headers: { authorization } });
  expect(verbose.body).toContain('[-]database failed: refused (connect ECONNREFUSED 10.0.0.7:5432)');
});

test('readiness fails after three failures and recovers after two passes; health changes at once', async () => {
  const { app, set } = await build();
  const codes = async (): Promise<number[]> => [
    (await app.inject('/readyz')).statusCode,
    (await app.inject('/api/health')).statusCode,
  ];
  expect(await codes()).toEqual([200, 200]);
  await set('database', refused());
  expect((await app.inject('/api/health')).statusCode).toBe(503);
  await set('database', refused(), 3);
  expect(await codes()).toEqual([503, 503]);
  await set('database', {});
  expect((await app.inject('/api/health')).statusCode).toBe(200);
  await set('database', {}, 2);
  expect(await codes()).toEqual([200, 200]);
});

test('below the thresholds a failure is shown as a warning and a pass as the failure before it', async () => {
  const cleanup = disposedAfterTest();
  const health = cleanup.use(new HealthRegistry({ intervalMs: 1 }));
  const results = 'pfffpp'.split('');
  health.register({
    name: 'thing',
    componentType: 'component',
    run: () => {
      if (results.shift() === 'f') throw new CheckFailure('refused');
    },
  });
  const body = { pass: () => 'ok', fail: () => 'no' };
  const probe = new Probe(
    {
      path: '/x',
      name: 'x',
      required: ['thing'],
      hysteresis: { failureThreshold: 3, successThreshold: 2 },
      body,
    },
    health,
  );
  const seen: string[] = [];
  health.onResult(() => {
    const [line] = probe.state().lines;
    seen.push([line?.result.status, line?.result.reason].join(' ').trim());
  });
  health.start();
  await poll(() => seen.length >= 6);
  expect(seen.slice(0, 6)).toEqual([
    'pass',
    'warn refused',
    'warn refused',
    'fail refused',
    'fail refused',
    'pass',
  ]);
});

test('a failing check that is only shown does not fail readiness', async () => {
  const { app, set } = await build();
  await set('redis', new CheckFailure('timeout', { facts: { queued: 2 } }), 4);
  const response = await app.inject('/readyz');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    ready: true,
    checks: { database: { status: 'pass' }, redis: { status: 'fail', reason: 'timeout', queued: 2 } },
  });
  const verbose = await app.inject('/readyz?verbose');
  expect(verbose.body).toBe('[+]database ok\n[-]redis failed: timeout (not required)\nreadyz check passed\n');
});

test('?verbose answers in the text form of Kubernetes, with the same status', async () => {
  const { app, set } = await build();
  expect((await app.inject('/readyz?verbose')).body).toBe(
    '[+]database ok\n[+]redis ok\nreadyz check passed\n',
  );
  await set('database', new CheckFailure('pending_migrations'), 4);
  const failed = await app.inject('/readyz?verbose');
  expect([failed.statusCode, failed.body]).toEqual([
    503,
    '[-]database failed: pending_migrations\n[+]redis ok\nreadyz check failed\n',
  ]);
  expect(failed.headers['content-type']).toBe('text/plain; charset=utf-8');
});

test('?exclude leaves checks out and reports unknown names', async () => {
  const { app, set } = await build();
  await set('database', refused(), 4);
  expect((await app.inject('/readyz?exclude=redis')).statusCode).toBe(503);
  for (const list of ['redis,database', 'nothing,database&exclude=redis'])
    expect((await app.inject(`/readyz?exclude=${list}`)).statusCode).toBe(200);
  const response = await app.inject('/readyz?verbose&exclude=database&exclude=nothing');
  expect([response.statusCode, response.body]).toEqual([
    200,
    '[+]redis ok\nwarn: some health checks cannot be excluded: no matches for "nothing"\nreadyz check passed\n',
  ]);
});

test('a single check answers ok, or the code of its failure', async () => {
  const { app, set } = await build();
  const ask = async (url: string): Promise<[number, string]> => {
    const { statusCode, body } = await app.inject({ url, headers: { authorization: 'Bearer token' } });
    return [statusCode, body];
  };
  expect(await ask('/readyz/database')).toEqual([200, 'ok']);
  expect(await ask('/readyz/database?verbose')).toEqual([200, '[+]database ok\ndatabase check passed\n']);
  expect((await app.inject('/readyz/database')).headers['cache-control']).toBe('no-store');
  await set('redis', refused());
  await set('database', refused(), 4);
  const stranger = await app.inject('/readyz/database');
  expect([stranger.statusCode, stranger.body]).toEqual([503, 'failed: refused']);
  expect(await ask('/readyz/database')).toEqual([
    503,
    'failed: refused (connect ECONNREFUSED 10.0.0.7:5432)',
  ]);
  // By itself it fails, although the probe does not require it.
  expect((await app.inject('/readyz/redis')).statusCode).toBe(503);
  const draft = await app.inject({ url: '/readyz/redis', headers: { accept: 'application/health+json' } });
  expect(draft.json()).toMatchObject({ checks: { 'redis:responseTime': [{ output: 'refused' }] } });
  expect((await app.inject('/readyz/nothing')).statusCode).toBe(404);
});

test('a warning answers 200, and a fact cannot replace the status', async () => {
  const { app, set } = await build();
  await set('database', { status: 'warn', reason: 'no_connection', facts: { status: 'my own', n: 1 } }, 2);
  expect((await app.inject('/readyz?verbose')).body).toBe(
    '[+]database ok, warning: no_connection\n[+]redis ok\nreadyz check passed\n',
  );
  expect((await app.inject('/readyz')).body).toContain(
    '"database":{"status":"warn","reason":"no_connection","n":1}',
  );
});

test('while draining, readiness fails and liveness does not', async () => {
  const { app, health } = await build();
  health.drain();
  const response = await app.inject('/readyz');
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    ready: false,
    checks: { shutdown: { status: 'fail', reason: 'shutting_down' } },
  });
  expect((await app.inject('/readyz?verbose')).body).toContain(
    '[-]shutdown failed: shutting_down\nreadyz check failed',
  );
  expect((await app.inject('/livez')).statusCode).toBe(200);
  expect((await app.inject('/api/health')).statusCode).toBe(200);
});

test.each(['/readyz', '/readyz/database', '/livez', '/version'])(
  '%s answers HEAD like GET without a body, and any other method with 405',
  async (path) => {
    const { app } = await build();
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const [get, head] = [await fetch(origin + path), await fetch(origin + path, { method: 'HEAD' })];
    expect(head.status).toBe(get.status);
    expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
    expect(await head.text()).toBe('');
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const body = method === 'POST' ? { body: '{', headers: { 'content-type': 'application/json' } } : {};
      const response = await fetch(origin + path, { method, ...body });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await response.json()).toMatchObject({
        status: 405,
        code: 'METHOD_NOT_ALLOWED',
        request_id: expect.stringMatching(/./),
      });
    }
  },
);

test('registering a probe with an unknown check rejects', async () => {
  const app = fastify();
  const probe = {
    path: '/x',
    name: 'x',
    required: ['nothing'],
    body: { pass: () => 'ok', fail: () => 'no' },
  };
  await expect(app.register(healthRoutes, { health: new HealthRegistry(), probes: [probe] })).rejects.toThrow(
    'no check named nothing',
  );
});
