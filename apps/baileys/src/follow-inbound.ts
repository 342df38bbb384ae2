import { applyEvent } from '@prosaas/conversations';
import { type Queryable, type ReleasedJob, addJob, type recordInbound } from '@prosaas/database';
import { inboundJob } from '@prosaas/queues';

/**
 * What follows from a message that was stored for the first time, in its transaction: its job, and a conversation that was closed is
 * open again.
 *
 * @returns the job, where it is released
 */
export async function followInbound(
  tx: Queryable,
  { message, conversationId, conversationState }: Awaited<ReturnType<typeof recordInbound>>,
): Promise<ReleasedJob | undefined> {
  if (conversationState === 'closed') {
    const source = { actor: 'customer', messageId: message.id } as const;
    await applyEvent(tx, conversationId, { type: 'customer_wrote' }, source);
  }
  return addJob(tx, inboundJob(message));
}
