import { type Database, WriteFailures } from '@prosaas/database';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { servingDatabase } from './serving-database.ts';

function failing(error: Error): { db: Database; repair(): void } {
  let isBroken = true;
  const run = async (): Promise<never[]> => {
    if (isBroken) throw error;
    return [];
  };
  return {
    db: {
      writeFailures: new WriteFailures(),
      query: run,
      transaction: run,
      [Symbol.asyncDispose]: async () => undefined,
    } as Database,
    repair: () => (isBroken = false),
  };
}

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

const postgres = (severity: string, code: string): Error =>
  Object.assign(new Error(code), { severity, code });

test.each([
  ['a database that accepts no connections', postgres('FATAL', '55000')],
  ['a password that was changed', postgres('FATAL', '28P01')],
  ['a server that does not listen', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
])('%s is 503 and reported as unavailable', async (_what, error) => {
  const { db, repair } = failing(error);
  const serving = servingDatabase(db, log);
  await expect(serving.query('select 1')).rejects.toMatchObject({
    status: 503,
    code: 'DATABASE_UNAVAILABLE',
    cause: error,
  });
  expect(serving.isUnavailable()).toBe(true);
  repair();
  serving.retry();
  await expect.poll(() => serving.isUnavailable()).toBe(false);
});

test.each([
  ['a schema that this build does not expect', '42703'],
  ['a grant that was revoked', '42501'],
  ['a statement that took too long', '57014'],
  ['a deadlock', '40P01'],
])('%s is 503 but not reported as unavailable', async (_what, code) => {
  const error = postgres('ERROR', code);
  const serving = servingDatabase(failing(error).db, log);
  await expect(serving.query('select nothing')).rejects.toMatchObject({ status: 503, cause: error });
  expect(serving.isUnavailable()).toBe(false);
});

test('a read-only database is 503 but not reported as unavailable', async () => {
  const error = postgres('ERROR', '25006');
  const serving = servingDatabase(failing(error).db, log);
  await expect(serving.query('insert')).rejects.toMatchObject({ status: 503, cause: error });
  expect(serving.isUnavailable()).toBe(false);
});

test('logs one line when statements begin to be refused and one when they work again, without a stack', async () => {
  const lines: { level: string; msg: string }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as never) };
  const { db, repair } = failing(postgres('ERROR', '42703'));
  const recordingLog = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  repair();
  const broken = failing(postgres('ERROR', '42703'));
  await servingDatabase(db, recordingLog).query('select 1');
  const serving = servingDatabase(broken.db, recordingLog);
  await expect
    .poll(
      async () => {
        await serving.query('select x').catch(() => {});
        return lines.length;
      },
      { timeout: 10_000 },
    )
    .toBe(1);
  broken.repair();
  await serving.query('select x');
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['warn', 'PostgreSQL refuses statements of requests'],
    ['info', 'PostgreSQL takes statements of requests again'],
  ]);
  expect(JSON.stringify(lines)).not.toContain('"stack"');
});
