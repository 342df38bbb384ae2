import {
  type Database,
  databaseTime,
  deleteOldSends,
  isRetryableDatabaseError,
  resolveLostProgramMessages,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';

/** Longer than a recipient's phone is off before it asks for a message again, and longer than jobs are replayed. */
const KEPT_MS = 30 * 24 * 3600_000;
const DELETE_EVERY_MS = 3600_000;
const SETTLE_EVERY_MS = 60_000;
const BATCH = 1000;
/** A send takes less. */
const LOST_AFTER_SECONDS = 60;
const LOST =
  'NOT_CONFIRMED: The service ended before WhatsApp confirmed the message; repeat it with the same Idempotency-Key';

/** Deletes sends that nobody will repeat, and settles messages of programs whose send was cut off when a service ended. */
export function startSendRetention({ db, log }: { db: Database; log: Logger }): Disposable {
  const deleteOld = async (): Promise<void> => {
    const olderThan = new Date((await databaseTime(db)).getTime() - KEPT_MS);
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    while ((await deleteOldSends(db, olderThan, BATCH)) === BATCH);
  };
  const settle = async (): Promise<void> => {
    const messages = await resolveLostProgramMessages(db, { afterSeconds: LOST_AFTER_SECONDS, error: LOST });
    if (messages > 0) log.warn({ messages }, 'messages of programs were cut off when a service ended');
  };
  const every = (ms: number, task: () => Promise<void>, failure: string): NodeJS.Timeout =>
    setInterval(() => {
      task().catch((err: unknown) => {
        // The pool logs an outage of the database.
        if (isRetryableDatabaseError(err)) log.debug({ err }, failure);
        else log.warn({ err }, failure);
      });
    }, ms).unref();
  const timers = [
    every(DELETE_EVERY_MS, deleteOld, 'old sends were not deleted'),
    every(SETTLE_EVERY_MS, settle, 'messages that were cut off were not settled'),
  ];
  return { [Symbol.dispose]: () => timers.forEach(clearInterval) };
}
