import type { DatabaseProbe, SchemaReport } from '@prosaas/database';
import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import type { ServingDatabase } from '../serving-database.ts';

/**
 * PostgreSQL answers on a connection of the probe's own. A warning is what the pool has met: the server may turn new
 * connections away while the probe's lasts.
 */
export function databaseCheck({
  probe,
  pool,
}: {
  probe: Pick<DatabaseProbe, 'ping'>;
  pool: Pick<ServingDatabase, 'inTrouble' | 'retry'>;
}): CheckDefinition {
  return {
    name: 'database',
    component: 'postgres',
    componentType: 'datastore',
    async run(signal) {
      await probe.ping(signal);
      if (!pool.inTrouble()) return {};
      pool.retry();
      return { status: 'warn', reason: 'no_connection' };
    },
  };
}

/** Two judgements of one reading. */
export function schemaChecks({ probe }: { probe: Pick<DatabaseProbe, 'schema'> }): CheckDefinition[] {
  let reading: Promise<SchemaReport> | undefined;
  const read = (signal: AbortSignal): Promise<SchemaReport> => {
    reading ??= probe.schema(signal).finally(() => {
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
