import type { Logger } from '@prosaas/runtime';
import pg from 'pg';
import type { Queryable } from './database.ts';
import { type MigrationStatus, migrationStatus } from './migrations.ts';
import { schemaDrift } from './schema-drift.ts';
import { hasTable } from './tables.ts';
import { databaseTime } from './database-time.ts';
import { DatabaseOutages } from './database-outages.ts';

export interface SchemaReport extends MigrationStatus {
  drift: string[];
}

/** For health checks: uses connections of its own, and gives up when its signal aborts. */
export interface DatabaseProbe extends AsyncDisposable {
  /** Returns PostgreSQL's time in Unix ms. */
  ping(signal: AbortSignal): Promise<number>;
  /**
   * Rejects if PostgreSQL cannot store anything: takes another page from the file system, writes about 0.6 KB of WAL and waits
   * until that is on disk. Does nothing if the migration that adds its table is not applied yet.
   */
  write(signal: AbortSignal): Promise<void>;
  schema(signal: AbortSignal): Promise<SchemaReport>;
}

/** Uses two connections, so that giving up one query does not end the other. */
export function createDatabaseProbe({ url, log }: { url: string; log?: Logger }): DatabaseProbe {
  const outages = log && new DatabaseOutages(log);
  const pings = new ProbeConnection(url);
  const schemas = new ProbeConnection(url);
  let hasWriteProbe = false;
  /** Reports the result, so that an outage is logged even in a service that is idle. */
  const reported = async <T>(result: Promise<T>): Promise<T> => {
    try {
      const value = await result;
      outages?.answered();
      return value;
    } catch (error) {
      outages?.failed(error);
      throw error;
    }
  };
  return {
    async ping(signal) {
      const query = (db: Queryable): Promise<Date> => databaseTime(db);
      return (await reported(pings.run(signal, query))).getTime();
    },
    async write(signal) {
      await reported(
        pings.run(signal, async (db) => {
          hasWriteProbe ||= await hasTable(db, 'write_probe');
          if (hasWriteProbe) await db.query(WRITE);
        }),
      );
      outages?.canWrite();
    },
    schema: (signal) =>
      reported(
        schemas.run(signal, async (db) => ({ ...(await migrationStatus(db)), drift: await schemaDrift(db) })),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all([pings.close(), schemas.close()]);
    },
  };
}

/** The inner transaction is rolled back, so that the row is dead at once; the outer one commits, so that the log is flushed. */
const WRITE = `begin;
  savepoint row;
  insert into write_probe default values;
  rollback to savepoint row;
  commit`;

const CONNECT_TIMEOUT_MS = 2000;
/** Makes the server cancel a statement that was given up here. */
const STATEMENT_TIMEOUT_MS = 2000;

/** Connects on demand, and keeps the connection until it fails. */
class ProbeConnection {
  readonly #url: string;
  #client: pg.Client | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async run<T>(signal: AbortSignal, query: (db: Queryable) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([this.#query(query), aborted]);
    } catch (error) {
      // Its state is unknown: the next query opens a new connection.
      void this.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #query<T>(query: (db: Queryable) => Promise<T>): Promise<T> {
    const client = this.#client ?? (await this.#connect());
    return query({
      query: async <R>(sql: string, params?: unknown[]) => (await client.query(sql, params)).rows as R[],
    });
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'prosaas:health',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      statement_timeout: STATEMENT_TIMEOUT_MS,
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#client = client;
    await client.connect();
    return client;
  }
}
