import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, createDatabase } from './database.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let url: string;
let db: Database;

beforeAll(async () => {
  url = await testDatabase();
  db = createDatabase({ url, applicationName: 'test', log, size: 3 });
  await db.query('create table things (id int primary key)');
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('truncate things');
});

const ids = async (): Promise<number[]> =>
  (await db.query<{ id: number }>('select id from things order by id')).map(({ id }) => id);

describe('a transaction', () => {
  test('is committed when its function resolves', async () => {
    const result = await db.transaction(async (tx) => {
      await tx.query('insert into things values ($1)', [1]);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await ids()).toEqual([1]);
  });

  test('is rolled back when its function rejects, with that error', async () => {
    const failure = new Error('no');
    const run = db.transaction(async (tx) => {
      await tx.query('insert into things values (1)');
      throw failure;
    });
    await expect(run).rejects.toBe(failure);
    expect(await ids()).toEqual([]);
  });

  test('rejects when a failed statement in it was ignored', async () => {
    const run = db.transaction(async (tx) => {
      await tx.query('insert into things values (1)');
      await tx.query('insert into things values (1)').catch(() => {});
    });
    await expect(run).rejects.toThrow(/rolled back/);
    expect(await ids()).toEqual([]);
  });

  test('leaves its connection usable after a failure', async () => {
    const one = createDatabase({ url, applicationName: 'test-one', log, size: 1 });
    const pid = async (): Promise<unknown> => (await one.query('select pg_backend_pid() as pid'))[0];
    const before = await pid();
    await expect(one.query('select 1/0')).rejects.toThrow(/division by zero/);
    await expect(one.transaction((tx) => tx.query('select 1/0'))).rejects.toThrow(/division by zero/);
    expect(await pid()).toEqual(before);
    await one[Symbol.asyncDispose]();
  });
});

describe('a statement', () => {
  test('is cancelled at its time limit, and the next one runs', async () => {
    const hasty = createDatabase({
      url,
      applicationName: 'test-hasty',
      log,
      statementTimeoutMs: 200,
      size: 1,
    });
    await expect(hasty.query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
    expect(await hasty.query('select 1 as one')).toEqual([{ one: 1 }]);
    await hasty[Symbol.asyncDispose]();
  });

  test('runs again after the server ended its connection', async () => {
    const one = createDatabase({ url, applicationName: 'test-ended', log, size: 1 });
    await one.query('select 1');
    await db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-ended'",
    );
    // The first statement may use the connection before the pool notices its end.
    await one.query('select 1').catch(() => {});
    expect(await one.query('select 2 as two')).toEqual([{ two: 2 }]);
    await one[Symbol.asyncDispose]();
  });

  test('fails in a transaction whose connection ends, and the pool keeps working', async () => {
    const one = createDatabase({ url, applicationName: 'test-cut', log, size: 1 });
    const run = one.transaction(async (tx) => {
      await db.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-cut'",
      );
      await tx.query('insert into things values (1)');
    });
    await expect(run).rejects.toThrow();
    expect(await one.query('select count(*)::int as count from things')).toEqual([{ count: 0 }]);
    await one[Symbol.asyncDispose]();
  });
});

describe('a write that PostgreSQL refuses', () => {
  test('is remembered with its reason until the same statement succeeds', async () => {
    const readOnly = new URL(url);
    readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
    await using refused = createDatabase({
      url: readOnly.href,
      applicationName: 'test-read-only',
      log,
      size: 1,
    });
    const insert = 'insert into things values (1)';
    expect(refused.writeFailures.recent()).toBeUndefined();
    await expect(refused.query(insert)).rejects.toMatchObject({ code: '25006' });
    expect(refused.writeFailures.recent()).toMatchObject({ reason: 'read_only', error: { code: '25006' } });
    await refused.query('select 1');
    expect(refused.writeFailures.recent()).toMatchObject({ reason: 'read_only' });
    await refused.transaction(async (tx) => {
      await tx.query('set transaction read write');
      await tx.query(insert);
    });
    expect(refused.writeFailures.recent()).toBeUndefined();
  });

  test('is remembered from within a transaction, but invalid data is not', async () => {
    await using one = createDatabase({ url, applicationName: 'test-refused', log, size: 1 });
    await expect(one.query("insert into things values ('no number')")).rejects.toMatchObject({
      code: '22P02',
    });
    expect(one.writeFailures.recent()).toBeUndefined();
    const run = one.transaction(async (tx) => {
      await tx.query('set transaction read only');
      await tx.query('insert into things values (2)');
    });
    await expect(run).rejects.toMatchObject({ code: '25006' });
    expect(one.writeFailures.recent()).toMatchObject({ reason: 'read_only' });
  });
});
