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

/** A lock was held for too long. The blocked migration was rolled back and can be retried. */
export class MigrationBlocked extends AppError {
  override code = 'MIGRATION_BLOCKED';
  override status = 503;
  override retryable = true;
  readonly blockers: readonly Blocker[];

  constructor(blockers: readonly Blocker[], options: ErrorOptions) {
    super(describeBlock(blockers), options);
    this.blockers = blockers;
  }
}

const CONNECT_TIMEOUT_MS = 5000;
/** Advisory lock; an arbitrary number, the same in every build so that two builds exclude each other. */
const LOCK_ID = 4_712_090_001;
/** SQLSTATE lock_not_available. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Applies pending migrations, each in its own transaction, one service at a time. A migration that waits for a lock blocks everyone
 * behind it, so it gives up after `lockTimeoutMs` with `MigrationBlocked`, which names the blocking sessions. The caller retries.
 */
export async function migrate({
  url,
  log,
  lockTimeoutMs = 10_000,
}: MigrateOptions): Promise<{ applied: string[] }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'prosaas:migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    lock_timeout: lockTimeoutMs,
  });
  client.on('error', (error) => log.debug({ err: error }, 'the connection of the migration broke'));
  await client.connect();
  try {
    await using blockers = await watchBlockers({
      url,
      client,
      everyMs: Math.max(50, lockTimeoutMs / 10),
      log,
    });
    try {
      await client.query('select pg_advisory_lock($1)', [LOCK_ID]);
      return { applied: await runPending(client, log) };
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      throw new MigrationBlocked(blockers.seen(), { cause: error });
    }
  } finally {
    // Ending the session releases the lock.
    await client.end();
  }
}

async function runPending(client: pg.Client, log: Logger): Promise<string[]> {
  const note = (text: string): void => log.debug({ migration: text }, 'migrating');
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
  if (applied.length > 0) log.info({ migrations: applied }, 'migrations applied');
  return applied;
}

function describeBlock(blockers: readonly Blocker[]): string {
  const who = blockers.map(
    ({ pid, application, state, seconds }) =>
      `process ${pid} (${application || 'without a name'}, ${state}, transaction open for ${seconds} s)`,
  );
  return `The migration waits for a lock that is held by ${who.join(', ') || 'somebody who has let go since'}`;
}
