import { poll } from '@prosaas/devstack';
import { afterEach, expect, test } from 'vitest';
import { type CheckDefinition, CheckFailure, type CheckReport } from './check.ts';
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

test('a check without a result is not ready', () => {
  expect(start(() => new Promise(() => undefined)).result('thing')).toMatchObject({
    status: 'fail',
    reason: 'not_ready',
    unknown: true,
  });
});

test('the result of a check is what it reports', async () => {
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

test('a check that throws synchronously fails with its code', async () => {
  const registry = start(() => {
    throw new CheckFailure('schema_drift', { detail: { missing: ['calls.ended_at'] } });
  });
  await poll(() => registry.result('thing').reason === 'schema_drift');
  expect(registry.result('thing')).toMatchObject({ status: 'fail', detail: { missing: ['calls.ended_at'] } });
});

test('a hanging check is aborted and times out, never runs twice at once, and runs again after it ended', async () => {
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
  // One failure at each interval, so that hysteresis counts them.
  await poll(() => failures >= 3);
  expect({ runs, most, aborted }).toEqual({ runs: 1, most: 1, aborted: true });
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout' });
  resolve();
  await poll(() => registry.result('thing').status === 'pass');
  expect(most).toBe(1);
});

test('ignores what a check returns after its time limit', async () => {
  const late = Promise.withResolvers<{ facts: { late: true } }>();
  let runs = 0;
  const registry = start(() => (runs++ === 0 ? late.promise : new Promise(() => undefined)));
  await poll(() => registry.result('thing').reason === 'timeout');
  late.resolve({ facts: { late: true } });
  await poll(() => runs === 2);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout', facts: {} });
});

test('a result past its maximum age is stale', async () => {
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

test('a check that blocks the event loop past its time limit fails, although it passes', async () => {
  const registry = start(() => {
    const until = performance.now() + 60;
    while (performance.now() < until);
  });
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout' });
  expect(registry.result('thing').durationMs).toBeGreaterThan(50);
});

test('a check that listens to its signal can throw its own failure', async () => {
  const registry = start(async (signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve());
    await promise;
    throw new CheckFailure('timeout', { cause: signal.reason, detail: { url: 'http://peer' } });
  });
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({
    reason: 'timeout',
    error: 'no answer within 50 ms',
    detail: { url: 'http://peer' },
  });
});

const circular: Record<string, unknown> = {};
circular['self'] = circular;
test.each<[string, unknown, string]>([
  ['an unknown status', { status: 'down' }, 'this one reported down'],
  ['a failure instead of throwing it', { status: 'fail' }, 'this one reported fail'],
  ['facts that JSON cannot hold', { facts: circular }, 'circular'],
  ['a number that JSON cannot hold', { detail: { n: 1n } }, 'BigInt'],
])('a check that reports %s fails', async (_case, report, why) => {
  const registry = start(() => report as CheckReport);
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'error' });
  expect(registry.result('thing').error).toContain(why);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['an object without a prototype', Object.create(null)],
  [
    'an error whose message throws',
    Object.defineProperty(new Error(''), 'message', {
      get() {
        throw new Error('read');
      },
    }),
  ],
  ['a failure with facts that JSON cannot hold', new CheckFailure('x', { facts: circular })],
])('a check that throws %s fails like any other', async (_case, thrown) => {
  const registry = start(() => {
    throw thrown;
  });
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'error' });
});

test('a result does not change when the check changes its report afterwards', async () => {
  const facts = { n: 1 };
  const registry = start(() => ({ facts }), { intervalMs: 3_600_000 });
  await poll(() => registry.result('thing').status === 'pass');
  facts.n = 2;
  expect(registry.result('thing').facts).toEqual({ n: 1 });
});

test('a listener that throws causes a process warning, and the other listeners are still called', async () => {
  const warned: unknown[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning.message);
  process.on('warning', onWarning);
  const registry = start(() => undefined);
  let calls = 0;
  registry.onResult(() => {
    throw new Error('a faulty listener');
  });
  registry.onResult(() => void calls++);
  await poll(() => calls >= 2 && warned.includes('a faulty listener'));
  process.off('warning', onWarning);
});

test.each([
  ['an empty name', { name: '' }],
  ['a name that would break a path', { name: 'a/b' }],
  ['the name of the check for draining', { name: 'shutdown' }],
  ['a time limit that is not a number', { name: 'x', timeoutMs: Number.NaN }],
  ['a time limit longer than a timer can wait', { name: 'x', timeoutMs: 2 ** 31 }],
])('registering %s throws', (_case, definition) => {
  const registry = new HealthRegistry();
  expect(() => registry.register({ componentType: 'system', run: () => undefined, ...definition })).toThrow(
    /check/,
  );
});

test.each([{ intervalMs: 0 }, { timeoutMs: -1 }, { maxAgeMs: Infinity }])(
  'a registry with %j throws',
  (options) => {
    expect(() => new HealthRegistry(options)).toThrow(RangeError);
  },
);

test('throws on a name that is taken and on an unknown name', () => {
  const registry = start(() => undefined);
  expect(() => registry.register({ name: 'thing', componentType: 'system', run: () => undefined })).toThrow(
    'already is a check named thing',
  );
  expect(() => registry.result('other')).toThrow('no check named other');
});
