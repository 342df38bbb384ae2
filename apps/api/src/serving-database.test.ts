import { type Database, WriteFailures } from '@prosaas/database';
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

const postgres = (severity: string, code: string): Error =>
  Object.assign(new Error(code), { severity, code });

test.each([
  ['a database that accepts no connections', postgres('FATAL', '55000')],
  ['a password that was changed', postgres('FATAL', '28P01')],
  ['nobody who listens', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
])('%s is trouble: 503 for who asks, and for the check', async (_what, error) => {
  const { db, mend } = failing(error);
  const serving = servingDatabase(db);
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

test('a fault of a statement is none of the connection', async () => {
  const error = postgres('ERROR', '42P01');
  const serving = servingDatabase(failing(error).db);
  await expect(serving.query('select nothing')).rejects.toBe(error);
  expect(serving.inTrouble()).toBe(false);
});

test('a database that cannot write is 503 for who asks, and no trouble of the connection', async () => {
  const error = postgres('ERROR', '25006');
  const serving = servingDatabase(failing(error).db);
  await expect(serving.query('insert')).rejects.toMatchObject({ status: 503, cause: error });
  expect(serving.inTrouble()).toBe(false);
});
