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

test('a check that passes later than its limit, because it held the event loop, did not pass in time', async () => {
  const registry = start(() => {
    const until = performance.now() + 60;
    while (performance.now() < until);
  });
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'timeout' });
  expect(registry.result('thing').durationMs).toBeGreaterThan(50);
});

test('a check that heeds its signal says itself what it was waiting for', async () => {
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
  ['a status that there is not', { status: 'down' }, 'this one said down'],
  ['a failure instead of throwing it', { status: 'fail' }, 'this one said fail'],
  ['facts that are no JSON', { facts: circular }, 'circular'],
  ['a number that JSON does not know', { detail: { n: 1n } }, 'BigInt'],
])('a check that reports %s fails', async (_what, said, why) => {
  const registry = start(() => said as CheckReport);
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'error' });
  expect(registry.result('thing').error).toContain(why);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['what has no text', Object.create(null)],
  [
    'an error that throws when it is read',
    Object.defineProperty(new Error(''), 'message', {
      get() {
        throw new Error('read');
      },
    }),
  ],
  ['facts that are no JSON', new CheckFailure('x', { facts: circular })],
])('a check that throws %s is contained', async (_what, thrown) => {
  const registry = start(() => {
    throw thrown;
  });
  await poll(() => registry.result('thing').unknown !== true);
  expect(registry.result('thing')).toMatchObject({ status: 'fail', reason: 'error' });
});

test('what a check reported does not change afterwards', async () => {
  const facts = { n: 1 };
  const registry = start(() => ({ facts }), { intervalMs: 3_600_000 });
  await poll(() => registry.result('thing').status === 'pass');
  facts.n = 2;
  expect(registry.result('thing').facts).toEqual({ n: 1 });
});

test('a listener that throws is warned of, and the others hear all the same', async () => {
  const warned: unknown[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning.message);
  process.on('warning', onWarning);
  const registry = start(() => undefined);
  let heard = 0;
  registry.onResult(() => {
    throw new Error('a listener at fault');
  });
  registry.onResult(() => void heard++);
  await poll(() => heard >= 2 && warned.includes('a listener at fault'));
  process.off('warning', onWarning);
});

test.each([
  ['an empty name', { name: '' }],
  ['a name that would break a path', { name: 'a/b' }],
  ['the name of the line that tells of draining', { name: 'shutdown' }],
  ['a time limit that is none', { name: 'x', timeoutMs: Number.NaN }],
  ['a time limit longer than a timer takes', { name: 'x', timeoutMs: 2 ** 31 }],
])('%s is refused where it is registered', (_what, definition) => {
  const registry = new HealthRegistry();
  expect(() => registry.register({ componentType: 'system', run: () => undefined, ...definition })).toThrow(
    /check/,
  );
});

test.each([{ intervalMs: 0 }, { timeoutMs: -1 }, { maxAgeMs: Infinity }])(
  'a registry with %j is refused',
  (options) => {
    expect(() => new HealthRegistry(options)).toThrow(RangeError);
  },
);

test('a name is taken once, and an unknown one is a mistake', () => {
  const registry = start(() => undefined);
  expect(() => registry.register({ name: 'thing', componentType: 'system', run: () => undefined })).toThrow(
    'named thing already',
  );
  expect(() => registry.result('other')).toThrow('no check named other');
});
