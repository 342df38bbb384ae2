import type { WriteFailure } from '@prosaas/database';
import { CheckFailure } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { queryDatabase, databaseCheck, describeDatabase } from './database-check.ts';

const signal = new AbortController().signal;
const postgres = (code: string, severity = 'ERROR'): Error =>
  Object.assign(new Error(code), { code, severity });

/** A probe that records its calls, and a pool whose writes may have failed. */
function setUp(): {
  calls: string[];
  fail: { write?: Error; ping?: Error; pool?: WriteFailure };
  clock: { aheadMs: number };
  run: () => Promise<unknown>;
} {
  const calls: string[] = [];
  const fail: { write?: Error; ping?: Error; pool?: WriteFailure } = {};
  const clock = { aheadMs: 0 };
  const answer = (what: 'write' | 'ping') => async () => {
    calls.push(what);
    if (fail[what]) throw fail[what];
    return Date.now() - clock.aheadMs;
  };
  const check = databaseCheck({
    probe: { ping: answer('ping'), write: async () => void (await answer('write')()) },
    writeFailures: { recent: () => fail.pool },
    address: 'db:5432/prosaas',
  });
  return { calls, fail, clock, run: async () => check.run(signal) };
}

test('every second run writes', async () => {
  const { calls, run } = setUp();
  for (let runs = 0; runs < 4; runs += 1) expect(await run()).toEqual({});
  expect(calls).toEqual(['write', 'ping', 'write', 'ping']);
});

test('after a failure each run writes, until one succeeds', async () => {
  const { calls, fail, run } = setUp();
  fail.write = postgres('53100');
  await expect(run()).rejects.toMatchObject({ reason: 'disk_full', detail: { address: 'db:5432/prosaas' } });
  await expect(run()).rejects.toMatchObject({ reason: 'disk_full' });
  delete fail.write;
  await run();
  fail.ping = postgres('57P03', 'FATAL');
  await expect(run()).rejects.toMatchObject({ reason: 'not_ready' });
  await run();
  expect(calls).toEqual(['write', 'write', 'write', 'ping', 'write']);
});

test('a wrong clock is a warning until it is right again', async () => {
  const { clock, run } = setUp();
  const warning = (ahead: number): object => ({
    status: 'warn',
    reason: 'clock_off',
    facts: { clock_ahead_seconds: ahead },
  });
  clock.aheadMs = 3_600_000;
  await run();
  expect(await run()).toEqual(warning(3600));
  // A write does not compare the clocks.
  expect(await run()).toEqual(warning(3600));
  clock.aheadMs = -600_000;
  expect(await run()).toEqual(warning(-600));
  clock.aheadMs = 1000;
  await run();
  expect(await run()).toEqual({});
});

test('a failed write of the service itself fails the check, whatever the probe finds', async () => {
  const { calls, fail, run } = setUp();
  const error = postgres('25006');
  fail.pool = { reason: 'read_only', error };
  await expect(run()).rejects.toMatchObject({ reason: 'read_only', cause: error });
  await expect(run()).rejects.toMatchObject({ reason: 'read_only' });
  delete fail.pool;
  expect(await run()).toEqual({});
  expect(calls).toEqual(['write', 'write', 'write']);
});

test.each(['permission_denied', 'out_of_memory', 'error'])(
  'a statement of the service itself that failed with %s is a warning',
  async (reason) => {
    const { fail, run } = setUp();
    fail.pool = { reason, error: new Error('its text') };
    expect(await run()).toMatchObject({ status: 'warn', reason, detail: { statement: 'Error: its text' } });
    fail.write = postgres('53200');
    fail.ping = postgres('53200');
    await expect(run()).rejects.toMatchObject({ reason: 'out_of_memory' });
  },
);

test.each([
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'refused'],
  [postgres('53300', 'FATAL'), 'refused'],
  [postgres('57014'), 'timeout'],
  [postgres('42501'), 'permission_denied'],
  [postgres('42P01'), 'error'],
  [new DOMException('late', 'TimeoutError'), 'timeout'],
  [new Error('something else'), 'error'],
])('%s is reported as %s', async (cause, reason) => {
  const result = queryDatabase(async () => {
    throw cause;
  });
  await expect(result).rejects.toThrow(CheckFailure);
  await expect(result).rejects.toMatchObject({ reason, cause });
});

test('the reason begins with the prefix', async () => {
  const result = queryDatabase(() => Promise.reject(postgres('57014')), { prefix: 'database_' });
  await expect(result).rejects.toMatchObject({ reason: 'database_timeout' });
});

test('the description of a database has no user and no password', () => {
  expect(describeDatabase('postgres://me:secret@db:5432/prosaas')).toBe('db:5432/prosaas');
});
