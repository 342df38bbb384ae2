import { readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { poll } from './poll.ts';
import type { PostgresServer } from './postgres.ts';
import type { RedisServer } from './redis.ts';

/**
 * Empties a table of the database that `server.url` names. Until the result is disposed of, writes to the table fail with `No space left on
 * device`, as on a full disk: its file is a link to /dev/full.
 */
export async function fillDiskUnder(
  server: Pick<PostgresServer, 'url' | 'dir'>,
  table: string,
): Promise<AsyncDisposable> {
  // Only this transaction sees the new file until it commits. After that, no session has the old file open.
  await withNewFile(server.url, table, async (path) => {
    await rename(join(server.dir, path), join(server.dir, `${path}.aside`));
    await symlink('/dev/full', join(server.dir, path));
  });
  return { [Symbol.asyncDispose]: () => withNewFile(server.url, table, async () => {}) };
}

async function withNewFile(url: string, table: string, use: (path: string) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const name = client.escapeIdentifier(table);
    await client.query('begin');
    await client.query(`truncate ${name}`);
    const { rows } = await client.query<{ path: string }>('select pg_relation_filepath($1) as path', [name]);
    await use(rows[0]!.path);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

/** Until the result is disposed of, writes to the append-only file of this Redis fail: it is a link to /dev/full. */
export async function fillDiskUnderRedis(server: Pick<RedisServer, 'url' | 'dir'>): Promise<AsyncDisposable> {
  const folder = join(server.dir, 'appendonlydir');
  const numbers = (await readdir(folder)).map((name) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0));
  // The rewrite opens a new file, with this name.
  await symlink('/dev/full', join(folder, `appendonly.aof.${Math.max(...numbers) + 1}.incr.aof`));
  await rewrite(server.url);
  return { [Symbol.asyncDispose]: () => rewrite(server.url) };
}

async function rewrite(url: string): Promise<void> {
  const redis = new Redis(url);
  redis.on('error', () => {});
  try {
    await poll(() => redis.bgrewriteaof(), { what: 'a rewrite of the append-only file' });
  } finally {
    redis.disconnect();
  }
}
