import type { DatabaseProbe, SchemaReport } from '@prosaas/database';
import { type CheckDefinition, CheckFailure, classifyError } from '@prosaas/observability';
import type { ServingDatabase } from '../serving-database.ts';

/** So many turns of the timer the pool may be in trouble while the probe is not. */
const TURNS_IN_TROUBLE = 2;

/**
 * PostgreSQL answers on a connection of the probe's own, which never waits behind requests. The pool may have none all
 * the same: the server turns new ones away. What it met is a warning at first; when it can't be mended, requests fail,
 * and so does the check.
 */
export function databaseCheck({
  probe,
  pool,
  address,
}: {
  probe: Pick<DatabaseProbe, 'ping'>;
  pool: Pick<ServingDatabase, 'inTrouble' | 'retry'>;
  address: string;
}): CheckDefinition {
  let turns = 0;
  return {
    name: 'database',
    component: 'postgres',
    componentType: 'datastore',
    async run(signal) {
      try {
        await probe.ping(signal);
      } catch (cause) {
        throw new CheckFailure(classifyError(cause), { cause, detail: { address } });
      }
      turns = pool.inTrouble() ? turns + 1 : 0;
      if (turns === 0) return {};
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
