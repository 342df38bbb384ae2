import {
  type Database,
  databaseTime,
  deleteOldSends,
  isRetryableDatabaseError,
  resolveLostProgramMessages,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';

/** Longer than a recipient's phone stays off and then asks again, and than a job is replayed. */
const KEPT_MS = 30 * 24 * 3600_000;
const EVERY_MS = 3600_000;
const SETTLE_EVERY_MS = 60_000;
const BATCH = 1000;
/** Longer than a send takes. */
const LOST_AFTER_SECONDS = 60;
const LOST =
  'NOT_CONFIRMED: The service ended before WhatsApp confirmed the message; repeat it with the same Idempotency-Key';

/** Forgets sends that nobody will repeat any more, and settles programs' messages whose send was cut off. */
export function startSendRetention({ db, log }: { db: Database; log: Logger }): Disposable {
  const sweep = async (): Promise<void> => {
    const olderThan = new Date((await databaseTime(db)).getTime() - KEPT_MS);
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    while ((await deleteOldSends(db, olderThan, BATCH)) === BATCH);
  };
  const settle = async (): Promise<void> => {
    const messages = await resolveLostProgramMessages(db, { afterSeconds: LOST_AFTER_SECONDS, error: LOST });
    if (messages > 0) log.warn({ messages }, 'messages of programs were cut off by the end of a service');
  };
  const every = (ms: number, task: () => Promise<void>, failure: string): NodeJS.Timeout =>
    setInterval(() => {
      task().catch((err: unknown) => {
        // The pool tells of a database that is away.
        if (isRetryableDatabaseError(err)) log.debug({ err }, failure);
        else log.warn({ err }, failure);
      });
    }, ms).unref();
  const timers = [
    every(EVERY_MS, sweep, 'old sends were not deleted'),
    every(SETTLE_EVERY_MS, settle, 'messages that were cut off were not settled'),
  ];
  return { [Symbol.dispose]: () => timers.forEach(clearInterval) };
}
