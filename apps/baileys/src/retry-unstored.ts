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
import { UnstoredMessageNotFound, MessageNotStorable } from './errors.ts';
import { reopenAndEnqueue } from './reopen-and-enqueue.ts';
import { type InboundAddress, readContent } from './inbound-message.ts';
import { decodeRaw } from './raw-inbound.ts';

/**
 * Stores a quarantined message, with its job, and takes it out of quarantine.
 *
 * @throws UnstoredMessageNotFound, or MessageNotStorable when its content has not come or still can't be stored
 */
export async function retryUnstored(
  db: Database,
  id: string,
): Promise<{ messageId: string; fresh: boolean; released: ReleasedJob | undefined }> {
  try {
    return await db.transaction(async (tx) => {
      const row = await lockUnstoredMessage(tx, id);
      if (!row) throw new UnstoredMessageNotFound(id);
      if (row.raw === null) throw new MessageNotStorable('its content has not come');
      const message = readContent(decodeRaw(row.raw), addressOf(row));
      if (!message) throw new MessageNotStorable('it is not a message of a person');
      const { business_id: businessId, session_id: sessionId } = row;
      const recorded = await recordInbound(tx, { businessId, sessionId, ...message });
      const { message: stored, fresh } = recorded;
      const released = fresh ? await reopenAndEnqueue(tx, recorded) : undefined;
      await deleteUnstoredMessage(tx, id);
      return { messageId: stored.id, fresh, released };
    });
  } catch (error) {
    if (!(error instanceof Error) || !isCausedByMessage(error)) throw error;
    await recordFailedRetry(db, id, error.message);
    throw new MessageNotStorable(error.message, { cause: error });
  }
}

function addressOf({ external_id, contact, alternate_contact }: UnstoredMessageRow): InboundAddress {
  return {
    origin: 'customer',
    externalId: external_id,
    contact,
    ...(alternate_contact !== null && { altContact: alternate_contact }),
  };
}

/** Whether the message itself is the cause. A conflict means that its session or business was deleted. */
function isCausedByMessage(error: Error): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  return (
    kind === 'invalid_data' ||
    kind === 'conflict' ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}
