import { AppError, type Logger } from '@prosaas/runtime';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { type Blocker, watchBlockers } from './migration-blockers.ts';
import { migrationsDirectory, migrationsTable } from './migrations.ts';

export interface MigrateOptions {
  url: string;
  log: Logger;
  /** How long a statement waits for a lock, and this service for another that migrates. */
  lockTimeoutMs?: number;
}

/** Somebody held a lock for too long; nothing of the blocked migration has happened, so it may be tried again. */
export class MigrationBlocked extends AppError {
  readonly blockers: readonly Blocker[];

  constructor(blockers: readonly Blocker[], options: ErrorOptions) {
    super(describeBlock(blockers), { ...options, status: 503, code: 'MIGRATION_BLOCKED', retryable: true });
    this.blockers = blockers;
  }
}

const connectTimeoutMs = 5000;
/** Any number that nobody else takes; the same in every build, so that two builds exclude each other. */
const lockId = 4_712_090_001;
const lockNotAvailable = '55P03';

/**
 * Applies what is pending, each migration in a transaction of its own, one service at a time. A migration that waits for a
 * lock makes everyone else wait behind it, so it gives up after `lockTimeoutMs` with `MigrationBlocked`, which names who
 * blocks; the caller tries again.
 */
export async function migrate({
  url,
  log,
  lockTimeoutMs = 10_000,
}: MigrateOptions): Promise<{ applied: string[] }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'prosaas:migrate',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    lock_timeout: lockTimeoutMs,
  });
  client.on('error', (error) => log.debug({ err: error }, 'The connection of the migration broke'));
  await client.connect();
  try {
    await using blockers = await watchBlockers({
      url,
      client,
      everyMs: Math.max(50, lockTimeoutMs / 10),
      log,
    });
    try {
      await client.query('select pg_advisory_lock($1)', [lockId]);
      return { applied: await runPending(client, log) };
    } catch (error) {
      if ((error as { code?: unknown }).code !== lockNotAvailable) throw error;
      throw new MigrationBlocked(blockers.seen(), { cause: error });
    }
  } finally {
    // The lock goes with the session.
    await client.end();
  }
}

async function runPending(client: pg.Client, log: Logger): Promise<string[]> {
  const note = (text: string): void => log.debug({ migration: text }, 'Migrating');
  const done = await runner({
    dbClient: client,
    dir: migrationsDirectory,
    ignorePattern: String.raw`.*(?<!\.sql)`,
    migrationsTable,
    direction: 'up',
    singleTransaction: false,
    noLock: true,
    verbose: false,
    logger: { info: note, warn: note, error: note },
  });
  const applied = done.map(({ name }) => name);
  if (applied.length > 0) log.info({ migrations: applied }, 'Migrations applied');
  return applied;
}

function describeBlock(blockers: readonly Blocker[]): string {
  const who = blockers.map(
    ({ pid, application, state, seconds }) =>
      `process ${pid} (${application || 'without a name'}, ${state}, transaction open for ${seconds} s)`,
  );
  return `The migration waits for a lock that is held by ${who.join(', ') || 'somebody who has let go since'}`;
}
