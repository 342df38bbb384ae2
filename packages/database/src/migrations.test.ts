import { readdir } from 'node:fs/promises';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, createDatabase } from './database.ts';
import { MigrationBlocked, migrate } from './migrate.ts';
import { compareMigrations, knownMigrations, migrationStatus, migrationsDirectory } from './migrations.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let url: string;
let db: Database;

beforeEach(async () => {
  url = await testDatabase();
  db = createDatabase({ url, applicationName: 'test', log });
});
afterEach(() => db[Symbol.asyncDispose]());

test.each([
  [['1', '2'], [], { applied: [], pending: ['1', '2'], unknown: [] }],
  [['1', '2'], ['1'], { applied: ['1'], pending: ['2'], unknown: [] }],
  [['1', '2'], ['1', '2'], { applied: ['1', '2'], pending: [], unknown: [] }],
  [['1'], ['1', '2'], { applied: ['1'], pending: [], unknown: ['2'] }],
])('compares the known migrations %j with the applied ones %j: %j', (known, applied, status) => {
  expect(compareMigrations(known, applied)).toEqual(status);
});

test('migrations are numbered without duplicates or gaps', async () => {
  const files = (await readdir(migrationsDirectory)).filter((file) => file.endsWith('.sql')).toSorted();
  expect(files.map((file) => file.slice(0, 5))).toEqual(
    files.map((_, index) => `${String(index + 1).padStart(4, '0')}_`),
  );
});

describe('migrating', () => {
  test('applies everything to an empty database, and nothing the second time', async () => {
    expect((await migrationStatus(db)).pending).toEqual(knownMigrations());
    expect(await migrate({ url, log })).toEqual({ applied: knownMigrations() });
    expect(await migrate({ url, log })).toEqual({ applied: [] });
    expect(await migrationStatus(db)).toEqual({ applied: knownMigrations(), pending: [], unknown: [] });
  });

  test('applies each migration once when all services start together', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => migrate({ url, log })));
    expect(results.flatMap(({ applied }) => applied)).toEqual(knownMigrations());
  });

  test('changes nothing in a database that a newer build has migrated', async () => {
    await migrate({ url, log });
    await db.query("insert into schema_migrations (name, run_on) values ('9999_of_tomorrow', now())");
    expect(await migrate({ url, log })).toEqual({ applied: [] });
    expect((await migrationStatus(db)).unknown).toEqual(['9999_of_tomorrow']);
  });

  test('gives up when a session holds a lock for too long, names that session, and succeeds on the next try', async () => {
    await migrate({ url, log });
    const blocker = new pg.Client({ connectionString: url, application_name: 'psql of an operator' });
    await blocker.connect();
    await blocker.query('begin; lock table schema_migrations in access exclusive mode');
    const error: unknown = await migrate({ url, log, lockTimeoutMs: 500 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MigrationBlocked);
    expect(error).toMatchObject({ code: 'MIGRATION_BLOCKED', retryable: true });
    expect((error as MigrationBlocked).blockers).toMatchObject([
      { application: 'psql of an operator', state: 'idle in transaction' },
    ]);
    expect((error as MigrationBlocked).message).toContain('psql of an operator, idle in transaction');
    await blocker.query('rollback');
    expect(await migrate({ url, log, lockTimeoutMs: 500 })).toEqual({ applied: [] });
    await blocker.end();
  });

  test('waits no longer than its limit for another service that migrates', async () => {
    const other = new pg.Client({ connectionString: url, application_name: 'prosaas:migrate' });
    await other.connect();
    await other.query('select pg_advisory_lock(4712090001)');
    await expect(migrate({ url, log, lockTimeoutMs: 300 })).rejects.toThrow(/prosaas:migrate, idle/);
    await other.end();
    expect((await migrate({ url, log })).applied).toEqual(knownMigrations());
  });
});
