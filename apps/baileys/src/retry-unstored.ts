import {
  type Database,
  type ReleasedJob,
  type UnstoredMessageRow,
  classifyDatabaseError,
  deleteUnstoredMessage,
  lockUnstoredMessage,
  recordFailedRetry,
  recordInbound,
} from '@prosaas/database';
import { UnstoredNotFound, UnstoredNotRetryable } from './errors.ts';
import { followInbound } from './follow-inbound.ts';
import { type InboundAddress, readContent } from './inbound-message.ts';
import { decodeRaw } from './raw-inbound.ts';

/**
 * Stores a message from quarantine as the message it is, with its job, once.
 *
 * @throws UnstoredNotFound, UnstoredNotRetryable when its content never came or still can't be stored
 */
export async function retryUnstored(
  db: Database,
  id: string,
): Promise<{ messageId: string; fresh: boolean; released: ReleasedJob | undefined }> {
  try {
    return await db.transaction(async (tx) => {
      const row = await lockUnstoredMessage(tx, id);
      if (!row) throw new UnstoredNotFound(id);
      if (row.raw === null) throw new UnstoredNotRetryable('its content has not come');
      const message = readContent(decodeRaw(row.raw), addressOf(row));
      if (!message) throw new UnstoredNotRetryable('it is not a message of a person');
      const { business_id: businessId, session_id: sessionId } = row;
      const recorded = await recordInbound(tx, { businessId, sessionId, ...message });
      const { message: stored, fresh } = recorded;
      const released = fresh ? await followInbound(tx, recorded) : undefined;
      await deleteUnstoredMessage(tx, id);
      return { messageId: stored.id, fresh, released };
    });
  } catch (error) {
    if (!(error instanceof Error) || !isOwnFault(error)) throw error;
    await recordFailedRetry(db, id, error.message);
    throw new UnstoredNotRetryable(error.message, { cause: error });
  }
}

/** As it was known when the message came. */
function addressOf({ external_id, contact, alternate_contact }: UnstoredMessageRow): InboundAddress {
  return {
    origin: 'customer',
    externalId: external_id,
    contact,
    ...(alternate_contact !== null && { altContact: alternate_contact }),
  };
}

/** A conflict: its session, or its business, is there no more. */
function isOwnFault(error: Error): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  return (
    kind === 'invalid_data' ||
    kind === 'conflict' ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}
