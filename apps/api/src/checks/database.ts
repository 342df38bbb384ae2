import { type DatabaseProbe, type SchemaReport, isWriteOutage } from '@prosaas/database';
import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { queryDatabase, databaseCheck } from '@prosaas/telemetry';
import type { ServingDatabase } from '../serving-database.ts';
import type { FailedWrites } from './failed-writes.ts';

/** So many turns of the timer the pool may be in trouble while the probe is not. */
const TURNS_IN_TROUBLE = 2;

/**
 * The check that all services have, and what only the api asks. The pool may have no connection although the probe has: the server
 * turns new ones away. That is a warning at first; when it can't be mended, requests fail, and so does the check. And another
 * service may have failed to write what the probe and this one can: judged as the statements of this one are.
 */
export function apiDatabaseCheck({
  probe,
  pool,
  failedWrites,
  address,
}: {
  probe: Pick<DatabaseProbe, 'ping' | 'write'>;
  pool: Pick<ServingDatabase, 'inTrouble' | 'retry' | 'writeFailures'>;
  /** Of the other services. */
  failedWrites: () => FailedWrites | undefined;
  address: string;
}): CheckDefinition {
  const common = databaseCheck({ probe, writeFailures: pool.writeFailures, address });
  let turns = 0;
  return {
    ...common,
    async run(signal) {
      const own = (await common.run(signal)) ?? {};
      const failed = failedWrites();
      const others = failed && { facts: { services: failed.services }, detail: { address } };
      if (failed !== undefined && isWriteOutage(failed.reason)) throw new CheckFailure(failed.reason, others);
      turns = pool.inTrouble() ? turns + 1 : 0;
      if (turns === 0) {
        const isOwn = own.status === 'warn' || failed === undefined;
        return isOwn ? own : { status: 'warn', reason: failed.reason, ...others };
      }
      pool.retry();
      const said = { detail: { address, pool: 'requests get no connection' } };
      if (turns > TURNS_IN_TROUBLE) throw new CheckFailure('no_connection', said);
      return { status: 'warn', reason: 'no_connection', ...said };
    },
  };
}

/** Two judgements of one reading. */
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
        // A newer build has migrated: migrations only expand, so this one goes on.
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
