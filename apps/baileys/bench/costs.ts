import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@prosaas/database';
import type { Redis } from 'ioredis';

/** Costs that do not depend on the machine, as the servers count them. */
export interface Costs {
  'PostgreSQL transactions': number;
  'WAL records': number;
  'WAL bytes': number;
  /** Including commands inside scripts. */
  'Redis commands': number;
}

/** After this time, an idle PostgreSQL connection has published its statistics. */
const PUBLISHED_MS = 11_000;
const IDLE_MS = 15_000;

/** Average costs of `run` over `turns` calls. The background load is measured before and subtracted. */
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
