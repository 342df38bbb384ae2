import { poll } from '@prosaas/devstack';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { CheckFailure } from './check.ts';
import { HealthRegistry } from './registry.ts';
import { healthRoutes } from './routes.ts';
import { readinessProbe } from './standard-probes.ts';
import { build, disposedAfterTest, refused } from './test-app.ts';

test('Accept: application/health+json gets the form of the draft, without output on a pass', async () => {
  const { app, set } = await build();
  await set('redis', { status: 'warn', reason: 'evicts' });
  const response = await app.inject({ url: '/readyz', headers: { accept: 'application/health+json' } });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('application/health+json; charset=utf-8');
  const measured = { componentType: 'datastore', observedValue: expect.any(Number), observedUnit: 'ms' };
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
  expect(response.json()).toEqual({
    status: 'warn',
    checks: {
      'postgres:responseTime': [{ ...measured, status: 'pass', time }],
      'redis:responseTime': [{ ...measured, status: 'warn', time, output: 'evicts' }],
    },
  });
  await set('database', refused(), 4);
  const failed = await app.inject({ url: '/readyz', headers: { accept: 'application/health+json' } });
  expect(failed.statusCode).toBe(503);
  expect(failed.json()).toMatchObject({ status: 'fail', output: 'database: refused' });
});

test('application/health+json groups the checks of one component', async () => {
  const cleanup = disposedAfterTest();
  const health = cleanup.use(new HealthRegistry({ intervalMs: 5 }));
  const common = { component: 'postgres', componentType: 'datastore' } as const;
  health.register({ ...common, name: 'database', run: () => undefined });
  health.register({
    ...common,
    name: 'schema',
    run: () => {
      throw new CheckFailure('schema_drift');
    },
  });
  const app = fastify();
  cleanup.defer(() => app.close());
  await app.register(healthRoutes, { health, probes: [readinessProbe(['database', 'schema'])] });
  health.start();
  await poll(() => health.result('schema').unknown !== true);
  const response = await app.inject({ url: '/readyz', headers: { accept: 'application/health+json' } });
  expect(response.json()).toMatchObject({
    status: 'fail',
    checks: {
      'postgres:responseTime': [
        { componentId: 'database', status: 'pass' },
        { componentId: 'schema', status: 'fail', output: 'schema_drift' },
      ],
    },
  });
});

test('application/health+json shows times of the system clock, whatever clock dates the results', async () => {
  const cleanup = disposedAfterTest();
  let now = 5000;
  const health = cleanup.use(new HealthRegistry({ intervalMs: 3_600_000, now: () => now }));
  health.register({ name: 'thing', componentType: 'component', run: () => undefined });
  const app = fastify();
  cleanup.defer(() => app.close());
  await app.register(healthRoutes, { health, probes: [readinessProbe(['thing'])] });
  health.start();
  await poll(() => health.result('thing').status === 'pass');
  now = 8000;
  const response = await app.inject({ url: '/readyz', headers: { accept: 'application/health+json' } });
  const { checks } = response.json<{ checks: Record<string, { time: string }[]> }>();
  const age = Date.now() - Date.parse(checks['thing:responseTime']![0]!.time);
  expect(age).toBeGreaterThanOrEqual(3000);
  expect(age).toBeLessThan(60_000);
});
