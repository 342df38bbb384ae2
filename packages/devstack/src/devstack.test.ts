import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';
import { poll } from './poll.ts';
import { startPostgres } from './postgres.ts';
import { startRedis, testRedis } from './redis.ts';
import { testDatabase } from './test-database.ts';

test('two test databases are empty and separate', async () => {
  const [first, second] = await Promise.all([testDatabase(), testDatabase()]);
  expect(first).not.toBe(second);
  const client = new pg.Client({ connectionString: first });
  await client.connect();
  const { rows } = await client.query(
    "select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace",
  );
  expect(rows).toEqual([{ n: 0 }]);
  await client.end();
});

test('Redis keeps its data over stop and start, and hangs while frozen', async () => {
  await using server = await testRedis();
  const client = new Redis(server.url, {
    commandTimeout: 300,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  });
  client.on('error', () => {});
  await client.set('a', '1');
  await server.stop();
  await server.start();
  expect(await poll(() => client.get('a'), { what: 'Redis to be back' })).toBe('1');
  server.freeze();
  await expect(client.get('a')).rejects.toThrow('timed out');
  server.thaw();
  expect(await poll(() => client.get('a'))).toBe('1');
  client.disconnect();
});

test('PostgreSQL keeps its data over stop and start, and hangs while frozen', async () => {
  await using server = await startPostgres();
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url, query_timeout: 300 });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const before = await connect();
  await before.query('create table t as select 1 as a');
  await server.stop();
  await server.start();
  const after = await connect();
  expect((await after.query('select a from t')).rows).toEqual([{ a: 1 }]);
  await server.freeze();
  await expect(after.query('select a from t')).rejects.toThrow('timeout');
  await server.thaw();
  await after.end();
});

test('PostgreSQL starts in a folder that no other user may enter, and keeps its data there', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'prosaas-closed-'));
  await chmod(closed, 0o700);
  for (const create of [true, false]) {
    await using server = await startPostgres({ dir: join(closed, 'postgres') });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    if (create) await client.query('create table t as select 1 as a');
    expect((await client.query('select a from t')).rows).toEqual([{ a: 1 }]);
    await client.end();
  }
  await rm(closed, { recursive: true });
});

test('servers end and their folders are removed when their parent is killed', async () => {
  const script = `
    import { startRedis, startPostgres } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    console.log(JSON.stringify({ pid: redis.pid, dirs: [redis.dir, postgres.dir] }));
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const { pid, dirs } = JSON.parse(chunk.toString()) as { pid: number; dirs: string[] };
  expect(dirs.every((dir) => existsSync(dir))).toBe(true);
  parent.kill('SIGKILL');
  await poll(() => dirs.every((dir) => !existsSync(dir)), { timeoutMs: 20_000, what: 'the folders to go' });
  expect(isAlive(pid)).toBe(false);
});

test('starting Redis on a taken port fails with its message', async () => {
  await using server = await startRedis();
  await expect(startRedis({ port: server.port })).rejects.toThrow('Address already in use');
});

/** A zombie process accepts signals, but has no command line. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
