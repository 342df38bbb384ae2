import { applyEvent } from '@prosaas/conversations';
import { type Queryable, type ReleasedJob, addJob, type recordInbound } from '@prosaas/database';
import { inboundJob } from '@prosaas/queues';

/**
 * Adds the job of a message that was just stored, and opens its conversation again if it was closed. Runs in the
 * transaction that stores the message.
 *
 * @returns the job, if it can start now: jobs of a conversation run one after the other
 */
export async function reopenAndEnqueue(
  tx: Queryable,
  { message, conversationId, conversationState }: Awaited<ReturnType<typeof recordInbound>>,
): Promise<ReleasedJob | undefined> {
  if (conversationState === 'closed') {
    const source = { actor: 'customer', messageId: message.id } as const;
    await applyEvent(tx, conversationId, { type: 'customer_wrote' }, source);
  }
  return addJob(tx, inboundJob(message));
}
