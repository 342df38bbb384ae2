import { type Database, failSession, setSessionAccount } from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import { userOf } from './chat-id.ts';
import { errorFields } from './error-fields.ts';
import { Patience, mayPass } from './patience.ts';

const FAILURE_TIME_MS = 10_000;

/** Whose account the session is on. */
export async function saveAccount({
  db,
  id,
  me,
  patience,
  log,
}: {
  db: Database;
  id: string;
  me: { id: string; lid?: string };
  patience: Patience;
  log: Logger;
}): Promise<void> {
  const account = { phoneNumber: userOf(me.id) ?? null, lid: userOf(me.lid) ?? null };
  try {
    await patience.run(() => setSessionAccount(db, id, account));
  } catch (error) {
    // The connection ended meanwhile: the next one saves it.
    if (mayPass(error)) log.debug(errorReason(error), 'the account of the session is not saved yet');
    else log.warn(errorFields(error), 'the account of the session was not saved');
  }
}

/** Until it is written down, a restart would try again what WhatsApp refused. */
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
  const signal = AbortSignal.timeout(FAILURE_TIME_MS);
  const patience = new Patience({ signal, limitMs: FAILURE_TIME_MS, onExhausted: () => {} });
  try {
    await patience.run(() => failSession(db, id, reason));
  } catch (error) {
    log.error({ reason, ...errorReason(error) }, 'the failure of the session was not saved');
  }
}
