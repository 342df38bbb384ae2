import {
  type DatabaseProbe,
  type WriteFailures,
  classifyDatabaseError,
  isWriteOutage,
} from '@prosaas/database';
import { type CheckDefinition, CheckFailure, classifyError, clockAheadSeconds } from '@prosaas/observability';

export interface DatabaseCheckOptions {
  probe: Pick<DatabaseProbe, 'ping' | 'write'>;
  /** Of the pool that the service works with. */
  writeFailures: Pick<WriteFailures, 'recent'>;
  /** For people. */
  address: string;
}

/**
 * PostgreSQL answers and stores, on a connection of the probe's own, which never waits behind requests; and none of the service's own
 * statements failed in the last 10 s because it is read-only or its disk is full. What else failed there may be the fault of one
 * statement, and is a warning. A write costs the disk something, a ping does not: every second run, so
 * once in 4 s, writes; after a failure each run does, so that the end is seen soon. A ping also compares the clocks.
 */
export function databaseCheck({ probe, writeFailures, address }: DatabaseCheckOptions): CheckDefinition {
  let isWriteDue = true;
  let ahead = 0;
  const ping = async (signal: AbortSignal): Promise<void> => {
    const sentAt = Date.now();
    const serverTime = await probe.ping(signal);
    ahead = clockAheadSeconds({ sentAt, receivedAt: Date.now(), serverTime });
  };
  return {
    name: 'database',
    component: 'postgres',
    componentType: 'datastore',
    async run(signal) {
      const isWrite = isWriteDue;
      isWriteDue = true;
      await queryDatabase(() => (isWrite ? probe.write(signal) : ping(signal)), { address });
      const failure = writeFailures.recent();
      if (failure !== undefined && isWriteOutage(failure.reason))
        throw new CheckFailure(failure.reason, { cause: failure.error, detail: { address } });
      isWriteDue = !isWrite;
      if (failure !== undefined) {
        const { reason, error } = failure;
        return { status: 'warn', reason, detail: { address, statement: String(error) } };
      }
      if (ahead === 0) return {};
      return { status: 'warn', reason: 'clock_off', facts: { clock_ahead_seconds: ahead } };
    },
  };
}

/**
 * What goes wrong gets its code from the one classification of database errors. With a `prefix` it says that it is PostgreSQL that has
 * to be looked at, and that what the check looks for may be well.
 */
export async function queryDatabase<T>(
  ask: () => Promise<T>,
  { address, prefix = '' }: { address?: string; prefix?: string } = {},
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const reason = classifyDatabaseError(cause)?.reason ?? classifyError(cause);
    throw new CheckFailure(prefix + reason, { cause, ...(address !== undefined && { detail: { address } }) });
  }
}

/** Without the user and the password. */
export function describeDatabase(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
