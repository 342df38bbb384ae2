import type { Logger } from '@prosaas/runtime';
import pg from 'pg';
import { classifyDatabaseError } from './database-error.ts';
import { DatabaseOutages } from './database-outages.ts';
import { WINDOW_MS, WriteFailures } from './write-failures.ts';

/** Runs one statement and answers its rows. */
export interface Queryable {
  query<T = unknown>(sql: string, params?: unknown[]): Promise<T[]>;
}

export interface Database extends Queryable, AsyncDisposable {
  /** What this pool could not write lately, for the service's health. */
  readonly writeFailures: WriteFailures;
  /** Commits when `run` resolves, rolls back when it rejects. */
  transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T>;
}

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  size?: number;
  /** Shown by `pg_stat_activity`, and by a migration that this service blocks. */
  applicationName: string;
  log: Logger;
  statementTimeoutMs?: number;
}

const connectTimeoutMs = 5000;
const idleInTransactionMs = 30_000;
const lockTimeoutMs = 10_000;
/** Over the statement's own limit: what is lost on the way, or a server that stands still. */
const graceMs = 2000;
const closeMs = 3000;

/**
 * A pool of connections. Each is opened when it is needed and thrown away when it fails, so an outage of the server ends by
 * itself: statements fail meanwhile, within the time limits.
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
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  let closing = false;
  // Without a listener, a connection that breaks while it is idle or between two statements would end the process.
  pool.on('error', (error) => log.debug({ err: error }, 'An idle connection to PostgreSQL broke'));
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });

  const outages = new DatabaseOutages(log);
  const writeFailures = new WriteFailures();
  let lookAgain: NodeJS.Timeout | undefined;
  const lookAtWrites = (): void => {
    if (writeFailures.recent() === undefined) outages.canWrite();
  };

  async function connected<T>(run: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      const client = await pool.connect();
      const connection = new Connection(client, writeFailures);
      try {
        const result = await run(connection);
        outages.answered();
        lookAtWrites();
        return result;
      } finally {
        client.release(connection.broken);
      }
    } catch (error) {
      if (closing) throw error;
      outages.failed(error);
      // Should no other statement follow.
      clearTimeout(lookAgain);
      lookAgain = setTimeout(lookAtWrites, WINDOW_MS + 100).unref();
      throw error;
    }
  }

  return {
    writeFailures,
    query: (sql, params) => connected((connection) => connection.query(sql, params)),
    transaction: (run) => connected((connection) => connection.transaction(run)),
    async [Symbol.asyncDispose]() {
      closing = true;
      clearTimeout(lookAgain);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn('Statements are still under way; their connections are left to the end of the process');
        resolve();
      }, closeMs);
      await Promise.race([pool.end(), late]);
      clearTimeout(timer);
    },
  };
}

class Connection implements Queryable {
  readonly #client: pg.ClientBase;
  readonly #writeFailures: WriteFailures;
  /** It must not go back to the pool. */
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
      // What PostgreSQL answers when `run` swallowed the failure of a statement.
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

/** Whether the session is over, or its state unknown, after `error`. A cancelled statement leaves it whole. */
function breaksConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return true;
  const { kind, reason } = classifyDatabaseError(error)!;
  // Behind the same address a new connection may find the server that can be written.
  return kind === 'unavailable' || reason === 'read_only';
}
