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

/** For health checks: never waits behind the pool, and gives up when its signal says so. */
export interface DatabaseProbe extends AsyncDisposable {
  /** Its time, in Unix ms. */
  ping(signal: AbortSignal): Promise<number>;
  /**
   * Whether it can store anything: takes a page more from the file system, writes to the log and waits until that is on disk. Some
   * 0.6 KB of log. Resolves, too, where the migration that makes its table was not applied yet.
   */
  write(signal: AbortSignal): Promise<void>;
  schema(signal: AbortSignal): Promise<SchemaReport>;
}

/** Two connections of its own (one for each question, so that one which is given up does not end the other). */
export function createDatabaseProbe({ url, log }: { url: string; log?: Logger }): DatabaseProbe {
  const outages = log && new DatabaseOutages(log);
  const pings = new ProbeConnection(url);
  const schemas = new ProbeConnection(url);
  let hasWriteProbe = false;
  /** It asks at intervals: an outage is told, and its end, in a service that has nothing else to ask just then. */
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      const answer = await asked;
      outages?.answered();
      return answer;
    } catch (error) {
      outages?.failed(error);
      throw error;
    }
  };
  return {
    async ping(signal) {
      const ask = (db: Queryable): Promise<Date> => databaseTime(db);
      return (await told(pings.ask(signal, ask))).getTime();
    },
    async write(signal) {
      await told(
        pings.ask(signal, async (db) => {
          hasWriteProbe ||= await hasTable(db, 'write_probe');
          if (hasWriteProbe) await db.query(WRITE);
        }),
      );
      outages?.canWrite();
    },
    schema: (signal) =>
      told(
        schemas.ask(signal, async (db) => ({ ...(await migrationStatus(db)), drift: await schemaDrift(db) })),
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

const connectTimeoutMs = 2000;
/** So that the server lets go, too, of what was given up here. */
const statementTimeoutMs = 2000;

/** Connects when it is asked, keeps the connection while it is good. */
class ProbeConnection {
  readonly #url: string;
  #client: pg.Client | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async ask<T>(signal: AbortSignal, question: (db: Queryable) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([this.#answer(question), aborted]);
    } catch (error) {
      // Whatever state it is in, the next question begins anew.
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

  async #answer<T>(question: (db: Queryable) => Promise<T>): Promise<T> {
    const client = this.#client ?? (await this.#connect());
    return question({
      query: async <R>(sql: string, params?: unknown[]) => (await client.query(sql, params)).rows as R[],
    });
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'prosaas:health',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.#client = client;
    await client.connect();
    return client;
  }
}
