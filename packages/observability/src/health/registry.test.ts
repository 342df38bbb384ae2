import { poll } from '@prosaas/devstack';
import { afterEach, expect, test } from 'vitest';
import { type CheckDefinition, CheckFailure } from './check.ts';
import { HealthRegistry, type HealthRegistryOptions } from './registry.ts';

let health: HealthRegistry | undefined;
afterEach(async () => {
  await health?.[Symbol.asyncDispose]();
});

function start(run: CheckDefinition['run'], options: HealthRegistryOptions = {}): HealthRegistry {
  health = new HealthRegistry({ intervalMs: 10, timeoutMs: 50, ...options });
  health.register({ name: 'thing', componentType: 'component', run });
  health.start();
  return health;
}

test('before its first result a check is not ready', () => {
  expect(start(() => new Promise(() => undefined)).result('thing')).toMatchObject({
    status: 'fail',
    reason: 'not_ready',
    unknown: true,
  });
});

test('what a check reports is its result', async () => {
  const registry = start(() => ({
    status: 'warn',
    reason: 'unknown_migration',
    facts: { n: 1 },
    detail: { host: 'db' },
  }));
  await poll(() => registry.result('thing').status === 'warn');
  expect(registry.result('thing')).toMatchObject({
    reason: 'unknown_migration',
    facts: { n: 1 },
    detail: { host: 'db' },
  });
});

test('a check that throws, also before it returns a promise, fails by its code', async () => {
  const registry = start(() => {
    throw new CheckFailure('schema_drift', { detail: { missing: ['calls.ended_at'] } });
  });
  await poll(() => registry.result('thing').reason === 'schema_drift');
  expect(registry.result('thing')).toMatchObject({ status: 'fail', detail: { missing: ['calls.ended_at'] } });
});

test('a check that hangs is aborted and times out, never runs twice at once, and is run again when it ended', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  let aborted = false;
  const { promise, resolve } = Promise.withResolvers<void>();
  const registry = start(async (signal) => {
    runs++;
    most = Math.max(most, ++running);
    signal.addEventListener('abort', () => (aborted = true));
    if (runs === 1) await promise;
    running--;
  });
  let failures = 0;
  registry.onResult(({ reason }) => void (failures += Number(reason === 'timeout')));
  // A hanging check fails again and again, so that a readiness probe turns.
  await poll(() => failures >= 3);
  expect({ runs, most, aborted }).toEqual({ runs: 1, most: 1, aborted: true });
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout' });
  resolve();
  await poll(() => registry.result('thing').status === 'pass');
  expect(most).toBe(1);
});

test('what a check returns after its time is dropped', async () => {
  const late = Promise.withResolvers<{ facts: { late: true } }>();
  let runs = 0;
  const registry = start(() => (runs++ === 0 ? late.promise : new Promise(() => undefined)));
  await poll(() => registry.result('thing').reason === 'timeout');
  late.resolve({ facts: { late: true } });
  await poll(() => runs === 2);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout', facts: {} });
});

test('a result past its maximum age is stale, and says so', async () => {
  let now = 0;
  const registry = start(() => ({ facts: { n: 1 } }), { now: () => now, intervalMs: 3_600_000 });
  await poll(() => registry.result('thing').status === 'pass');
  now = 10_000;
  expect(registry.result('thing').status).toBe('pass');
  now = 10_001;
  expect(registry.result('thing')).toMatchObject({
    status: 'fail',
    reason: 'stale',
    facts: {},
    unknown: true,
  });
});

test('a name is taken once, and an unknown one is a mistake', () => {
  const registry = start(() => undefined);
  expect(() => registry.register({ name: 'thing', componentType: 'system', run: () => undefined })).toThrow(
    'named thing already',
  );
  expect(() => registry.result('other')).toThrow('no check named other');
});
