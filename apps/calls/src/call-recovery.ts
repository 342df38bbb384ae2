import { type Database, databaseTime, hasTable, listOpenCalls } from '@prosaas/database';
import type { SlotPool } from '@prosaas/leases';
import type { Logger } from '@prosaas/runtime';
import type { CallStore } from './call-store.ts';
import { type CallStatus, outcomeOfStatus } from './call-state.ts';
import { repeatEvery } from './repeat-every.ts';

export interface CallRecoveryOptions {
  db: Database;
  slots: SlotPool;
  callStore: CallStore;
  /** No call lasts longer. */
  maxCallMs: number;
  everyMs: number;
  log: Logger;
}

const BATCH = 100;
/** For the goodbye, and for writes that still wait in the call store. */
const GRACE_MS = 60_000;

/**
 * Periodically closes calls that are over and still open in the database, because their process was killed before it stored the end, or
 * because the database was away for too long. Released slots know how a call ended for an hour.
 */
export function startCallRecovery({
  db,
  slots,
  callStore,
  maxCallMs,
  everyMs,
  log,
}: CallRecoveryOptions): Disposable {
  let isMigrated = false;
  const recover = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'calls');
    if (!isMigrated) return;
    const before = new Date((await databaseTime(db)).getTime() - maxCallMs - GRACE_MS);
    for (const { id, status } of await listOpenCalls(db, { before, limit: BATCH })) {
      const slot = await slots.look(id);
      if (slot === 'held') continue;
      const end = slot ?? { outcome: outcomeOfStatus(status as CallStatus) ?? 'error', reason: 'unknown' };
      log.warn({ call_id: id, ...end }, 'closed a call that was open only in the database');
      callStore.recordEvent(id, { type: 'ended', ...end });
    }
  };
  return repeatEvery(everyMs, recover, (error) =>
    log.debug({ err: error }, 'open calls could not be checked; the next round tries again'),
  );
}
