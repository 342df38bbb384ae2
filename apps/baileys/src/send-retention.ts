import { type Database, databaseTime, deleteOldSends } from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';

/** Longer than a recipient's phone stays off and then asks again, and than a job is replayed. */
const KEPT_MS = 30 * 24 * 3600_000;
const EVERY_MS = 3600_000;
const BATCH = 1000;

/** Forgets sends that nobody will repeat any more. */
export function startSendRetention({ db, log }: { db: Database; log: Logger }): Disposable {
  const sweep = async (): Promise<void> => {
    const olderThan = new Date((await databaseTime(db)).getTime() - KEPT_MS);
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    while ((await deleteOldSends(db, olderThan, BATCH)) === BATCH);
  };
  const timer = setInterval(() => {
    sweep().catch((err: unknown) => log.debug({ err }, 'old sends were not deleted'));
  }, EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
