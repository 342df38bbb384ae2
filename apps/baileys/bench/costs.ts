import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@prosaas/database';
import type { Redis } from 'ioredis';

/** What servers count, whatever the machine. */
export interface Costs {
  'PostgreSQL transactions': number;
  'WAL records': number;
  'WAL bytes': number;
  /** Those inside scripts counted. */
  'Redis commands': number;
}

/** After so long a PostgreSQL connection that is idle has published what it counted. */
const PUBLISHED_MS = 11_000;
const IDLE_MS = 15_000;

/** What `turns` of `run` cost, each; what goes on anyway is measured before and taken off. */
export async function costsOf(
  { db, redis }: { db: Database; redis: Redis },
  run: () => Promise<unknown>,
  turns: number,
): Promise<Costs> {
  await delay(PUBLISHED_MS);
  const first = await readCosts(db, redis);
  await delay(IDLE_MS);
  const before = await readCosts(db, redis);
  for (let turn = 0; turn < turns; turn++) await run();
  await delay(PUBLISHED_MS);
  const after = await readCosts(db, redis);
  const idleFor = (after.at - before.at) / (before.at - first.at);
  return Object.fromEntries(
    names.map((name) => {
      const idle = (before.costs[name] - first.costs[name]) * idleFor;
      return [name, (after.costs[name] - before.costs[name] - idle) / turns];
    }),
  ) as unknown as Costs;
}

const names = ['PostgreSQL transactions', 'WAL records', 'WAL bytes', 'Redis commands'] as const;

async function readCosts(db: Database, redis: Redis): Promise<{ at: number; costs: Costs }> {
  const [row] = await db.query<{ transactions: number; records: number; bytes: number }>(
    `select (select sum(xact_commit + xact_rollback) from pg_stat_database where datname = current_database())::float8
       as transactions, wal_records::float8 as records, wal_bytes::float8 as bytes from pg_stat_wal`,
  );
  const calls = [...(await redis.info('commandstats')).matchAll(/^cmdstat_\S+:calls=(\d+)/gm)];
  return {
    at: performance.now(),
    costs: {
      'PostgreSQL transactions': row!.transactions,
      'WAL records': row!.records,
      'WAL bytes': row!.bytes,
      'Redis commands': calls.reduce((sum, [, count]) => sum + Number(count), 0),
    },
  };
}
