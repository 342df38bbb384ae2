import { startStack } from '@prosaas/devstack';
import { Load, median, report, short } from '@prosaas/devstack/bench';
import { Redis } from 'ioredis';
import pg from 'pg';

const ROUNDS = 7;
/** PostgreSQL publishes its statistics a second late. */
const LATE_SECONDS = 1.5;
/** A multiple of the intervals of checks (2 s) and publishing (1 s), so that every window has the same number of them. */
const WINDOW_SECONDS = 6;
const SECONDS = WINDOW_SECONDS - LATE_SECONDS;
const PER_SECOND = 1000;

await using stack = new AsyncDisposableStack();
const running = stack.use(await startStack({ services: ['api'], env: { READYZ_REQUIRE: 'database' } }));
const redis = stack.adopt(new Redis(running.redisUrl), (one) => one.disconnect());
const database = stack.adopt(new pg.Client({ connectionString: running.databaseUrl }), (one) => one.end());
await database.connect();

// The first requests create series, for which readers load schemas once.
for (let turn = 0; turn < 4; turn++) await probe();

const more: Record<string, number[]> = { PostgreSQL: [], Redis: [] };
for (let round = 0; round < ROUNDS; round++) {
  const idle = await queriesDuring(() => pause(SECONDS * 1000));
  const loaded = await queriesDuring(probe);
  for (const name of ['PostgreSQL', 'Redis'] as const)
    more[name]!.push(Math.max(0, loaded[name] - idle[name]));
}
report(
  `GET /readyz at ${PER_SECOND} requests a second: queries a second more than without`,
  Object.fromEntries(Object.entries(more).map(([name, values]) => [name, short(median(values))])),
  Object.entries(more).map(([name, values]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const ratio = { median: median(values), low: sorted[1]!, high: sorted.at(-2)! };
    return { what: `more queries a second of ${name}`, ratio, atMost: 1 };
  }),
);

async function probe(): Promise<void> {
  // A new connection each time, because the api closes idle ones.
  using load = await Load.open(new URL('/readyz', running.url.api));
  const end = performance.now() + SECONDS * 1000;
  let sent = 0;
  while (performance.now() < end) {
    const due = Math.floor(((performance.now() - (end - SECONDS * 1000)) / 1000) * PER_SECOND) - sent;
    if (due > 0) {
      await load.send(due);
      sent += due;
    }
    await pause(5);
  }
}

interface Queries {
  PostgreSQL: number;
  Redis: number;
}

/** Queries per second. */
async function queriesDuring(run: () => Promise<void>): Promise<Queries> {
  const before = await queries();
  const began = performance.now();
  await run();
  await pause(LATE_SECONDS * 1000);
  const after = await queries();
  const seconds = (performance.now() - began) / 1000;
  return {
    PostgreSQL: (after.PostgreSQL - before.PostgreSQL) / seconds,
    Redis: (after.Redis - before.Redis) / seconds,
  };
}

/** A statement outside a transaction counts as one transaction. */
async function queries(): Promise<Queries> {
  const { rows } = await database.query<{ transactions: string }>(
    'SELECT xact_commit + xact_rollback AS transactions FROM pg_stat_database WHERE datname = current_database()',
  );
  const calls = /total_commands_processed:(\d+)/.exec(await redis.info('stats'));
  return { PostgreSQL: Number(rows[0]!.transactions), Redis: Number(calls![1]) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
