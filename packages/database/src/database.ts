import type { Logger } from '@prosaas/runtime';
import pg from 'pg';
import { classifyDatabaseError } from './database-error.ts';
import { DatabaseOutages } from './database-outages.ts';
import { WINDOW_MS, WriteFailures } from './write-failures.ts';

/** Runs one statement and returns its rows. */
export interface Queryable {
  query<T = unknown>(sql: string, params?: unknown[]): Promise<T[]>;
}

export interface Database extends Queryable, AsyncDisposable {
  /** Recent failed writes of this pool, for the service's health. */
  readonly writeFailures: WriteFailures;
  /** Commits when `run` resolves, rolls back when it rejects. */
  transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T>;
}

export interface DatabaseOptions {
  url: string;
  /** Maximum number of connections. */
  size?: number;
  /** Shown by `pg_stat_activity`, and by a migration that this service blocks. */
  applicationName: string;
  log: Logger;
  statementTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const IDLE_IN_TRANSACTION_MS = 30_000;
const LOCK_TIMEOUT_MS = 10_000;
/** Added to the server's statement limit: for lost packets, or a frozen server. */
const GRACE_MS = 2000;
const CLOSE_MS = 3000;

/**
 * A pool of connections. A connection is opened when needed and discarded when it fails, so the pool recovers from an outage by
 * itself. Meanwhile statements fail within the time limits.
 */
export function createDatabase({
  url,
  size = 10,
  applicationName,
  log,
  statementTimeoutMs = 15_000,
}: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + GRACE_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  let closing = false;
  // Without a listener, a connection that breaks while it is idle or between two statements would end the process.
  pool.on('error', (error) => log.debug({ err: error }, 'an idle connection to PostgreSQL broke'));
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });

  const outages = new DatabaseOutages(log);
  const writeFailures = new WriteFailures();
  let checkTimer: NodeJS.Timeout | undefined;
  const checkWrites = (): void => {
    if (writeFailures.recent() === undefined) outages.canWrite();
  };

  async function withConnection<T>(run: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      const client = await pool.connect();
      const connection = new Connection(client, writeFailures);
      try {
        const result = await run(connection);
        outages.answered();
        checkWrites();
        return result;
      } finally {
        client.release(connection.broken);
      }
    } catch (error) {
      if (closing) throw error;
      outages.failed(error);
      // Logs the end of a write outage even if no other statement follows.
      clearTimeout(checkTimer);
      checkTimer = setTimeout(checkWrites, WINDOW_MS + 100).unref();
      throw error;
    }
  }

  return {
    writeFailures,
    query: (sql, params) => withConnection((connection) => connection.query(sql, params)),
    transaction: (run) => withConnection((connection) => connection.transaction(run)),
    async [Symbol.asyncDispose]() {
      closing = true;
      clearTimeout(checkTimer);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn('statements are still running; their connections stay open until the process ends');
        resolve();
      }, CLOSE_MS);
      await Promise.race([pool.end(), late]);
      clearTimeout(timer);
    },
  };
}

class Connection implements Queryable {
  readonly #client: pg.ClientBase;
  readonly #writeFailures: WriteFailures;
  /** Must not go back to the pool. */
  broken = false;

  constructor(client: pg.ClientBase, writeFailures: WriteFailures) {
    this.#client = client;
    this.#writeFailures = writeFailures;
  }

  async query<T>(sql: string, params?: unknown[]): Promise<T[]> {
    const { rows } = await this.#send(sql, params);
    return rows as T[];
  }

  async transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T> {
    await this.#send('begin');
    try {
      const result = await run({ query: (sql, params) => this.query(sql, params) });
      const { command } = await this.#send('commit');
      // PostgreSQL answers so when `run` swallowed the failure of a statement.
      if (command === 'ROLLBACK')
        throw new Error('The transaction was rolled back: a statement in it had failed');
      return result;
    } catch (error) {
      await this.#send('rollback').catch(() => {
        this.broken = true;
      });
      throw error;
    }
  }

  async #send(sql: string, params?: unknown[]): Promise<pg.QueryResult> {
    try {
      const result = await this.#client.query(sql, params);
      this.#writeFailures.succeeded(sql);
      return result;
    } catch (error) {
      this.#writeFailures.failed(sql, error);
      if (breaksConnection(error)) this.broken = true;
      throw error;
    }
  }
}

/** Whether `error` ended the session or left its state unknown. A cancelled statement leaves it intact. */
function breaksConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return true;
  const { kind, reason } = classifyDatabaseError(error)!;
  // After a failover, a new connection to the same address may reach the writable server.
  return kind === 'unavailable' || reason === 'read_only';
}
