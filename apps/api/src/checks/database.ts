import { type DatabaseProbe, type SchemaReport, isWriteOutage } from '@prosaas/database';
import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { queryDatabase, databaseCheck } from '@prosaas/telemetry';
import type { ServingDatabase } from '../serving-database.ts';
import type { FailedWrites } from './failed-writes.ts';

/** Runs of the check for which the pool may lack a connection before the check fails. */
const MAX_RUNS_WITHOUT_CONNECTION = 2;

/**
 * The database check of all services, plus two conditions that only the api looks at:
 * - The pool gets no connection while the probe has one, because the server refuses new ones. That warns first, then fails.
 * - Another service could not write although this one can. That counts like a failed write of this service.
 */
export function apiDatabaseCheck({
  probe,
  pool,
  failedWrites,
  address,
}: {
  probe: Pick<DatabaseProbe, 'ping' | 'write'>;
  pool: Pick<ServingDatabase, 'isUnavailable' | 'retry' | 'writeFailures'>;
  /** Failed writes of the other services. */
  failedWrites: () => FailedWrites | undefined;
  address: string;
}): CheckDefinition {
  const common = databaseCheck({ probe, writeFailures: pool.writeFailures, address });
  let runsWithoutConnection = 0;
  return {
    ...common,
    async run(signal) {
      const own = (await common.run(signal)) ?? {};
      const failed = failedWrites();
      const others = failed && { facts: { services: failed.services }, detail: { address } };
      if (failed !== undefined && isWriteOutage(failed.reason)) throw new CheckFailure(failed.reason, others);
      runsWithoutConnection = pool.isUnavailable() ? runsWithoutConnection + 1 : 0;
      if (runsWithoutConnection === 0) {
        const isOwn = own.status === 'warn' || failed === undefined;
        return isOwn ? own : { status: 'warn', reason: failed.reason, ...others };
      }
      pool.retry();
      const extra = { detail: { address, pool: 'requests get no connection' } };
      if (runsWithoutConnection > MAX_RUNS_WITHOUT_CONNECTION) throw new CheckFailure('no_connection', extra);
      return { status: 'warn', reason: 'no_connection', ...extra };
    },
  };
}

/** The checks `migrations` and `schema`, which share one query. */
export function schemaChecks({ probe }: { probe: Pick<DatabaseProbe, 'schema'> }): CheckDefinition[] {
  let reading: Promise<SchemaReport> | undefined;
  const read = (signal: AbortSignal): Promise<SchemaReport> => {
    reading ??= queryDatabase(() => probe.schema(signal)).finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return [
    {
      name: 'migrations',
      componentType: 'datastore',
      async run(signal) {
        const { applied, pending, unknown } = await read(signal);
        const facts = { applied: applied.length, pending: pending.length };
        if (pending.length > 0) throw new CheckFailure('pending_migrations', { facts, detail: { pending } });
        // A newer build has migrated the database. Migrations only expand it, so this build keeps working.
        return unknown.length > 0
          ? { status: 'warn', reason: 'newer_migrations', facts, detail: { unknown } }
          : { facts };
      },
    },
    {
      name: 'schema',
      componentType: 'datastore',
      async run(signal) {
        const { pending, drift } = await read(signal);
        if (pending.length > 0) throw new CheckFailure('pending_migrations');
        if (drift.length > 0) {
          throw new CheckFailure('schema_drift', { facts: { differences: drift.length }, detail: { drift } });
        }
      },
    },
  ];
}
