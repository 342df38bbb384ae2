import { type PostgresServer, poll, startPostgres } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from './database.ts';
import { startKeyRing } from './people/keys.ts';
import { migrate } from './migrate.ts';
import { knownMigrations } from './migrations.ts';
import { createDatabaseProbe } from './probe.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const generation = { readCommand: 'npm run keys' };
let server: PostgresServer;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  await migrate({ url, log });
});
afterAll(() => server[Symbol.asyncDispose]());

const soon = (): AbortSignal => AbortSignal.timeout(500);

describe('while PostgreSQL is frozen', () => {
  test('a probe gives up when its signal aborts, and the next one passes', async () => {
    await using probe = createDatabaseProbe({ url });
    await probe.ping(soon());
    await server.freeze();
    try {
      await expect(probe.ping(soon())).rejects.toThrow(/timeout/);
      await expect(probe.schema(soon())).rejects.toThrow(/timeout/);
    } finally {
      await server.thaw();
    }
    await poll(() => probe.ping(AbortSignal.timeout(2000)).then(() => true), { what: 'a ping' });
    expect(await probe.schema(AbortSignal.timeout(5000))).toMatchObject({
      applied: knownMigrations(),
      drift: [],
    });
  });

  test('a statement times out, and its connection is not used again', async () => {
    await using db = createDatabase({
      url,
      applicationName: 'test-frozen',
      log,
      size: 1,
      statementTimeoutMs: 300,
    });
    await db.query('select 1');
    await server.freeze();
    try {
      await expect(db.query('select 1')).rejects.toThrow(/timeout/i);
    } finally {
      await server.thaw();
    }
    expect(await db.query('select 2 as two')).toEqual([{ two: 2 }]);
  });
});

describe('while PostgreSQL is stopped', () => {
  test('pool, probe and keys fail, and all recover when it is back', async () => {
    await using db = createDatabase({ url, applicationName: 'test-stopped', log });
    await using probe = createDatabaseProbe({ url });
    await db.query('select 1');
    await probe.ping(soon());
    await server.stop();
    await using ring = startKeyRing(db, { API_KEY: 'mine' }, { log, generation });
    try {
      await expect(db.query('select 1')).rejects.toThrow();
      await expect(probe.ping(soon())).rejects.toThrow();
      expect(ring.current()).toBeUndefined();
    } finally {
      await server.start();
    }
    await poll(() => db.query('select 1'), { what: 'the pool' });
    await poll(() => probe.ping(AbortSignal.timeout(2000)).then(() => true), { what: 'the probe' });
    const keys = await poll(() => ring.current(), { what: 'the keys' });
    expect(keys.apiKeys).toEqual([{ businessId: 'default', key: 'mine' }]);
  });

  test('keys that the operator set are available', async () => {
    await server.stop();
    try {
      await using db = createDatabase({ url, applicationName: 'test-keys', log });
      const configured = { API_KEY: 'a', ADMIN_KEY: 'b', METRICS_TOKEN: 'c, d', INTERNAL_SECRET: 'e' };
      await using ring = startKeyRing(db, configured, { log, generation });
      expect(ring.current()).toEqual({
        apiKeys: [{ businessId: 'default', key: 'a' }],
        adminKey: 'b',
        metricsTokens: ['c', 'd'],
        internalSecret: 'e',
      });
    } finally {
      await server.start();
    }
  });

  test('disposing of a pool does not wait for a hanging statement', async () => {
    const db = createDatabase({ url, applicationName: 'test-end', log });
    await db.query('select 1');
    await server.freeze();
    const running = db.query('select 1').catch(() => {});
    await expect(db[Symbol.asyncDispose]()).resolves.toBeUndefined();
    await server.thaw();
    await running;
  });
});
