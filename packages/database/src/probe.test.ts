import { type PostgresServer, fillDiskUnder, poll, startPostgres, testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classifyDatabaseError } from './database-error.ts';
import { type Database, createDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { createDatabaseProbe } from './probe.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let server: PostgresServer;
let db: Database;

beforeAll(async () => {
  server = await startPostgres();
  await migrate({ url: server.url, log });
  db = createDatabase({ url: server.url, applicationName: 'test', log });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const soon = (): AbortSignal => AbortSignal.timeout(5000);

interface WriteProbe {
  pages: number;
  rows: number;
}

async function readProbeTable(): Promise<WriteProbe> {
  const [found] = await db.query<WriteProbe>(
    `select pg_relation_size('write_probe')::int / 8192 as pages, (select count(*)::int from write_probe) as rows`,
  );
  return found!;
}

const reasonOf = (write: Promise<void>): Promise<string | undefined> =>
  write.then(
    () => 'none',
    (error: unknown) => classifyDatabaseError(error)?.reason,
  );

test('each write takes another page from the disk and leaves no row; a vacuum returns all pages', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  for (let written = 1; written <= 5; written += 1) {
    await probe.write(soon());
    expect(await readProbeTable()).toEqual({ pages: written, rows: 0 });
  }
  await db.query('vacuum write_probe');
  expect(await readProbeTable()).toEqual({ pages: 0, rows: 0 });
  await probe.write(soon());
  expect(await readProbeTable()).toEqual({ pages: 1, rows: 0 });
});

test('rows that were rolled back count as dead, which triggers autovacuum', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  await db.query('vacuum write_probe');
  for (let written = 0; written < 3; written += 1) await probe.write(soon());
  // A session reports its statistics at most once a second, and only when it runs a statement.
  await poll(
    async () => {
      await probe.ping(soon());
      const [found] = await db.query<{ dead: number }>(
        `select pg_stat_get_dead_tuples('write_probe'::regclass)::int as dead`,
      );
      return found?.dead === 3;
    },
    { what: 'three dead rows' },
  );
});

test('a write waits until the WAL is on disk', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  const read = async (what: string): Promise<string> => {
    const [row] = await db.query<{ at: string }>(`select pg_current_wal_${what}_lsn()::text as at`);
    return row!.at;
  };
  await probe.write(soon());
  const inserted = await read('insert');
  await probe.write(soon());
  const [row] = await db.query<{ flushed: boolean }>('select $1::pg_lsn > $2::pg_lsn as flushed', [
    await read('flush'),
    inserted,
  ]);
  expect(row).toEqual({ flushed: true });
});

test('a write fails with read_only while the server is read-only, even on an open connection', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  await probe.write(soon());
  await db.query('alter system set default_transaction_read_only = on');
  await db.query('select pg_reload_conf()');
  await poll(async () => (await reasonOf(probe.write(soon()))) === 'read_only', { what: 'read_only' });
  await probe.ping(soon());
  await db.query('alter system reset default_transaction_read_only');
  await db.query('select pg_reload_conf()');
  await poll(() => probe.write(soon()).then(() => true), { what: 'a write' });
});

test('a write fails with disk_full while the disk has no room for another page', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  await probe.write(soon());
  const full = await fillDiskUnder(server, 'write_probe');
  expect(await reasonOf(probe.write(soon()))).toBe('disk_full');
  await probe.ping(soon());
  await full[Symbol.asyncDispose]();
  await probe.write(soon());
});

test('a write fails with timeout while the table is locked', async () => {
  await using probe = createDatabaseProbe({ url: server.url });
  await db.transaction(async (tx) => {
    await tx.query('lock table write_probe');
    expect(await reasonOf(probe.write(soon()))).toBe('timeout');
  });
  await probe.write(soon());
});

test('a write succeeds if the table does not exist yet', async () => {
  const url = await testDatabase();
  await using probe = createDatabaseProbe({ url });
  await probe.write(soon());
  await migrate({ url, log });
  await probe.write(soon());
  await using other = createDatabase({ url, applicationName: 'test', log });
  expect(await other.query(`select pg_relation_size('write_probe')::int / 8192 as pages`)).toEqual([
    { pages: 1 },
  ]);
});
