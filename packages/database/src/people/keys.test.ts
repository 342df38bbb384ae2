import { poll, testDatabase, testRedis } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, createDatabase } from '../database.ts';
import { ensureKeys, readGeneratedKeys, startKeyRing } from './keys.ts';
import { migrate } from '../migrate.ts';
import { StackConflict, checkStack } from '../stack.ts';

const lines: string[] = [];
const log = createLogger({
  service: 'test',
  instance: 'test',
  level: 'debug',
  destination: { write: (line) => void lines.push(line) },
});
const generation = { readCommand: 'npm run keys' };
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
  test('are generated once, whichever service starts first', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => ensureKeys(db, {}, { log, generation })));
    expect(new Set(all.map((keys) => JSON.stringify(keys))).size).toBe(1);
    const [keys] = all;
    const values = [keys?.adminKey, keys?.internalSecret, keys?.apiKeys[0]?.key, keys?.metricsTokens[0]];
    expect(new Set(values).size).toBe(4);
    for (const value of values) expect(value).toMatch(/^[\w-]{43}$/);
    expect(await ensureKeys(db, {}, { log, generation })).toEqual(keys);
  });

  test('never reach the log, which says how to read them', async () => {
    await ensureKeys(db, { ADMIN_KEY: 'mine' }, { log, generation });
    const text = lines.join('');
    for (const value of (await readGeneratedKeys(db)).values()) expect(text).not.toContain(value);
    expect(text).toContain('"command":"npm run keys"');
    expect(text).toContain('"API_KEY","METRICS_TOKEN","INTERNAL_SECRET"');
  });

  test('are logged once for a database', async () => {
    for (let start = 0; start < 3; start += 1) {
      await Promise.all(Array.from({ length: 3 }, () => ensureKeys(db, {}, { log, generation })));
    }
    expect(lines.filter((line) => line.includes('were generated'))).toHaveLength(1);
  });

  test('are read, and not generated, by a service without `generation`', async () => {
    await using ring = startKeyRing(db, {}, { log });
    await expect(ensureKeys(db, {}, { log })).rejects.toThrow('the api has not generated it yet');
    const generated = await ensureKeys(db, {}, { log, generation });
    expect(await poll(() => ring.current(), { what: 'the keys' })).toEqual(generated);
    expect(lines.filter((line) => line.includes('were generated'))).toHaveLength(1);
  });

  test('are replaced by keys that the operator sets later', async () => {
    const before = await ensureKeys(db, {}, { log, generation });
    const after = await ensureKeys(db, { METRICS_TOKEN: 'old,new' }, { log, generation });
    expect(after).toEqual({ ...before, metricsTokens: ['old', 'new'] });
  });
});

test('keys with the same value are logged by name', async () => {
  const configured = { API_KEY: 'a', ADMIN_KEY: 'b-b-b', METRICS_TOKEN: 'b-b-b', INTERNAL_SECRET: 'c' };
  await using ring = startKeyRing(db, configured, { log });
  expect(ring.current()?.adminKey).toBe('b-b-b');
  expect(lines.join('')).toContain('"keys":["ADMIN_KEY","METRICS_TOKEN"]');
  expect(lines.join('')).not.toContain('b-b-b');
});

test.each([
  ['brief', true],
  ['a-long-token-of-metrics,brief', true],
  ['a-long-token-of-metrics', false],
])('warns that the metrics token %j is short: %j', async (token, isWarned) => {
  await using ring = startKeyRing(db, { METRICS_TOKEN: token }, { log });
  expect(ring.current()).toBeUndefined();
  expect(lines.some((line) => line.includes('METRICS_TOKEN is short and can be guessed'))).toBe(isWarned);
  expect(lines.join('')).not.toContain(token);
});

describe('a namespace of Redis', () => {
  test('belongs to one stack: another database is refused, the same one is accepted', async () => {
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

  test('fails without a conflict if its key vanishes while it is set', async () => {
    const forgetful = { set: async () => 'OK', get: async () => null };
    const failure = await checkStack(db, forgetful, 'stack').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(StackConflict);
  });
});
