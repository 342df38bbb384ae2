import {
  type DatabaseProbe,
  type WriteFailures,
  classifyDatabaseError,
  isWriteOutage,
} from '@prosaas/database';
import { type CheckDefinition, CheckFailure, classifyError, clockAheadSeconds } from '@prosaas/observability';

export interface DatabaseCheckOptions {
  probe: Pick<DatabaseProbe, 'ping' | 'write'>;
  /** Failed writes of the service's own pool. */
  writeFailures: Pick<WriteFailures, 'recent'>;
  /** Shown with a failure. */
  address: string;
}

/**
 * Checks that PostgreSQL answers and can write, over the probe's own connection, which never waits behind requests. It also fails
 * if one of the service's own statements failed in the last 10 s because the server is read-only or its disk is full. Other failed
 * writes may be the fault of one statement, and are a warning.
 *
 * A write costs disk I/O and a ping does not, so only every second run (once in 4 s) writes. After a failure every run writes, so
 * that the recovery is noticed soon. A ping also compares the clocks.
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
 * Runs a query for a health check. An error becomes a `CheckFailure` with the reason of `classifyDatabaseError`. `prefix` is for
 * checks of something else that need PostgreSQL: it says that PostgreSQL is the cause, and that the checked thing may be fine.
 */
export async function queryDatabase<T>(
  query: () => Promise<T>,
  { address, prefix = '' }: { address?: string; prefix?: string } = {},
): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    const reason = classifyDatabaseError(cause)?.reason ?? classifyError(cause);
    throw new CheckFailure(prefix + reason, { cause, ...(address !== undefined && { detail: { address } }) });
  }
}

/** Host, port and database of a URL, without the credentials. */
export function describeDatabase(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
