import { type Database, WriteFailures } from '@prosaas/database';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { servingDatabase } from './serving-database.ts';

function failing(error: Error): { db: Database; mend(): void } {
  let broken = true;
  const run = async (): Promise<never[]> => {
    if (broken) throw error;
    return [];
  };
  return {
    db: {
      writeFailures: new WriteFailures(),
      query: run,
      transaction: run,
      [Symbol.asyncDispose]: async () => undefined,
    } as Database,
    mend: () => (broken = false),
  };
}

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

const postgres = (severity: string, code: string): Error =>
  Object.assign(new Error(code), { severity, code });

test.each([
  ['a database that accepts no connections', postgres('FATAL', '55000')],
  ['a password that was changed', postgres('FATAL', '28P01')],
  ['nobody who listens', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
])('%s is trouble: 503 for who asks, and for the check', async (_what, error) => {
  const { db, mend } = failing(error);
  const serving = servingDatabase(db, log);
  await expect(serving.query('select 1')).rejects.toMatchObject({
    status: 503,
    code: 'DATABASE_UNAVAILABLE',
    cause: error,
  });
  expect(serving.inTrouble()).toBe(true);
  mend();
  serving.retry();
  await expect.poll(() => serving.inTrouble()).toBe(false);
});

test.each([
  ['other tables than this build expects', '42703'],
  ['a grant that was revoked', '42501'],
  ['a statement that took too long', '57014'],
  ['a deadlock', '40P01'],
])('%s is 503 for who asks, and no trouble of the connection', async (_what, code) => {
  const error = postgres('ERROR', code);
  const serving = servingDatabase(failing(error).db, log);
  await expect(serving.query('select nothing')).rejects.toMatchObject({ status: 503, cause: error });
  expect(serving.inTrouble()).toBe(false);
});

test('a database that cannot write is 503 for who asks, and no trouble of the connection', async () => {
  const error = postgres('ERROR', '25006');
  const serving = servingDatabase(failing(error).db, log);
  await expect(serving.query('insert')).rejects.toMatchObject({ status: 503, cause: error });
  expect(serving.inTrouble()).toBe(false);
});

test('statements that are refused have one line when it starts and one when it ends, without a stack', async () => {
  const lines: { level: string; msg: string }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as never) };
  const { db, mend } = failing(postgres('ERROR', '42703'));
  const telling = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  mend();
  const broken = failing(postgres('ERROR', '42703'));
  await servingDatabase(db, telling).query('select 1');
  const serving = servingDatabase(broken.db, telling);
  await expect
    .poll(
      async () => {
        await serving.query('select x').catch(() => {});
        return lines.length;
      },
      { timeout: 10_000 },
    )
    .toBe(1);
  broken.mend();
  await serving.query('select x');
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['warn', 'PostgreSQL refuses statements of requests'],
    ['info', 'PostgreSQL takes statements of requests again'],
  ]);
  expect(JSON.stringify(lines)).not.toContain('"stack"');
});
