import { applyEvent } from '@prosaas/conversations';
import {
  failJobs,
  lockConversation,
  type FailedAttempt,
  type JobRow,
  type Queryable,
  type ReleasedJob,
} from '@prosaas/database';

/**
 * Ends a job that failed for good. The conversation whose message it was to answer, or whose answer it was to send, waits for a person
 * from now on.
 *
 * @returns the jobs that were released
 */
export async function giveUp(
  tx: Queryable,
  row: JobRow,
  error: string,
  attempt?: FailedAttempt,
): Promise<ReleasedJob[]> {
  const { message } = row;
  // Before its messages, as everywhere: this prevents deadlocks.
  if (message) await lockConversation(tx, message.conversation_id);
  const { failed, released } = await failJobs(tx, [row], error, attempt);
  if (failed > 0 && message && message.staff_id === null && isCustomersOrAgents(message)) {
    const event = { type: 'needs_person', reason: 'failure' } as const;
    await applyEvent(tx, message.conversation_id, event, { actor: 'system', messageId: message.id });
  }
  return released;
}

const isCustomersOrAgents = ({ author }: NonNullable<JobRow['message']>): boolean =>
  author === null || author === 'customer' || author === 'agent';
