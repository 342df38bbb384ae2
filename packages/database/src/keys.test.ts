import { testDatabase, testRedis } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, createDatabase } from './database.ts';
import { ensureKeys, readGeneratedKeys, startKeyRing } from './keys.ts';
import { migrate } from './migrate.ts';
import { StackConflict, checkStack } from './stack.ts';

const lines: string[] = [];
const log = createLogger({
  service: 'test',
  instance: 'test',
  level: 'debug',
  destination: { write: (line) => void lines.push(line) },
});
let db: Database;

async function newStack(): Promise<Database> {
  const url = await testDatabase();
  await migrate({ url, log });
  return createDatabase({ url, applicationName: 'test', log });
}

beforeEach(async () => {
  db = await newStack();
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  lines.length = 0;
});

describe('keys that are not set', () => {
  test('are generated once, whoever starts first', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => ensureKeys(db, {}, log)));
    expect(new Set(all.map((keys) => JSON.stringify(keys))).size).toBe(1);
    const [keys] = all;
    const values = [keys?.adminKey, keys?.internalSecret, keys?.apiKeys[0]?.key, keys?.metricsTokens[0]];
    expect(new Set(values).size).toBe(4);
    for (const value of values) expect(value).toMatch(/^[\w-]{43}$/);
    expect(await ensureKeys(db, {}, log)).toEqual(keys);
  });

  test('never reach the log, which says how to read them', async () => {
    await ensureKeys(db, { ADMIN_KEY: 'mine' }, log);
    const text = lines.join('');
    for (const value of (await readGeneratedKeys(db)).values()) expect(text).not.toContain(value);
    expect(text).toContain('docker compose exec api');
    expect(text).toContain('"API_KEY","METRICS_TOKEN","INTERNAL_SECRET"');
  });

  test('give way to what the operator sets later', async () => {
    const before = await ensureKeys(db, {}, log);
    const after = await ensureKeys(db, { METRICS_TOKEN: 'old,new' }, log);
    expect(after).toEqual({ ...before, metricsTokens: ['old', 'new'] });
  });
});

test('keys that are set alike are warned of by name', async () => {
  const configured = { API_KEY: 'a', ADMIN_KEY: 'b-b-b', METRICS_TOKEN: 'b-b-b', INTERNAL_SECRET: 'c' };
  await using ring = startKeyRing(db, configured, log);
  expect(ring.current()?.adminKey).toBe('b-b-b');
  expect(lines.join('')).toContain('"keys":["ADMIN_KEY","METRICS_TOKEN"]');
  expect(lines.join('')).not.toContain('b-b-b');
});

describe('a namespace of Redis', () => {
  test('belongs to one stack: another database is refused, the same one is welcome', async () => {
    await using server = await testRedis();
    const redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
    await redisReady(redis);
    const key = keyspace('prosaas').key('stack');
    await checkStack(db, redis, key);
    await checkStack(db, redis, key);
    await using other = await newStack();
    await expect(checkStack(other, redis, key)).rejects.toBeInstanceOf(StackConflict);
    await expect(checkStack(other, redis, key)).rejects.toThrow(/REDIS_NAMESPACE/);
    await checkStack(other, redis, keyspace('second').key('stack'));
    await closeRedis(redis);
  });

  test('is not in conflict with a key that vanished as it was set: that is a failure to try again after', async () => {
    const forgetful = { set: async () => 'OK', get: async () => null };
    const failure = await checkStack(db, forgetful, 'stack').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(StackConflict);
  });
});
