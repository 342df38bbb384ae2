import { type Database, failSession, setSessionAccount } from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import { userOf } from './chat-id.ts';
import { errorFields } from './error-fields.ts';
import { DatabaseRetrier, isRetryable } from './database-retrier.ts';

const SAVE_FAILURE_TIMEOUT_MS = 10_000;

/** Saves the phone number and LID of the account that the session is paired with. */
export async function saveAccount({
  db,
  id,
  me,
  retrier,
  log,
}: {
  db: Database;
  id: string;
  me: { id: string; lid?: string };
  retrier: DatabaseRetrier;
  log: Logger;
}): Promise<void> {
  const account = { phoneNumber: userOf(me.id) ?? null, lid: userOf(me.lid) ?? null };
  try {
    await retrier.run(() => setSessionAccount(db, id, account));
  } catch (error) {
    // The connection has closed: the next one saves the account.
    if (isRetryable(error)) log.debug(errorReason(error), 'the account of the session is not saved yet');
    else log.warn(errorFields(error), 'the account of the session was not saved');
  }
}

/** Saves why the session failed. Without this a restart would try again what WhatsApp refused. */
export async function saveFailure({
  db,
  id,
  reason,
  log,
}: {
  db: Database;
  id: string;
  reason: string;
  log: Logger;
}): Promise<void> {
  const signal = AbortSignal.timeout(SAVE_FAILURE_TIMEOUT_MS);
  const retrier = new DatabaseRetrier({ signal });
  try {
    await retrier.run(() => failSession(db, id, reason));
  } catch (error) {
    log.error({ reason, ...errorReason(error) }, 'the failure of the session was not saved');
  }
}
