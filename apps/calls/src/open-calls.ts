import { type Database, databaseTime, hasTable, listOpenCalls } from '@prosaas/database';
import type { SlotPool } from '@prosaas/leases';
import type { Logger } from '@prosaas/runtime';
import type { CallJournal } from './call-journal.ts';
import { type CallStatus, endOf } from './call-state.ts';
import { repeatEvery } from './repeat-every.ts';

export interface OpenCallsOptions {
  db: Database;
  slots: SlotPool;
  journal: CallJournal;
  /** No call lasts longer. */
  maxCallMs: number;
  everyMs: number;
  log: Logger;
}

const atOnce = 100;
/** For the goodbye, and for what the journal still has in hand. */
const graceMs = 60_000;

/**
 * Writes down how those calls ended whose records still call them open: the process that knew was killed before it wrote, or
 * the database was away for too long. The slots know for an hour.
 */
export function watchOpenCalls({
  db,
  slots,
  journal,
  maxCallMs,
  everyMs,
  log,
}: OpenCallsOptions): Disposable {
  let isMigrated = false;
  const look = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'calls');
    if (!isMigrated) return;
    const before = new Date((await databaseTime(db)).getTime() - maxCallMs - graceMs);
    for (const { id, status } of await listOpenCalls(db, { before, limit: atOnce })) {
      const standing = await slots.look(id);
      if (standing === 'held') continue;
      const end = standing ?? { outcome: endOf(status as CallStatus) ?? 'error', reason: 'unknown' };
      log.warn({ call_id: id, ...end }, 'a call that was open in the records only is closed there');
      journal.event(id, { type: 'ended', ...end });
    }
  };
  return repeatEvery(everyMs, look, (error) =>
    log.debug({ err: error }, 'open calls were not looked at; the next round tries again'),
  );
}
