import {
  type FailedAttempt,
  type JobRef,
  type Queryable,
  type ReleasedJob,
  failJobs,
  listFailedCustomerMessages,
  lockConversationsOfJobs,
  reopenAnsweredMessages,
} from '@prosaas/database';
import { applyEvent } from './apply-event.ts';
import { isHandOver } from './state-machine.ts';

/**
 * Ends jobs that failed for good, and leaves their conversations to a person: each becomes `waiting`, unless a person has it already, and
 * the customer's messages that the failed ones were to answer become `waiting_for_person`.
 *
 * @returns how many jobs failed, what was released, and how many conversations wait that did not before: the reason is `failure`
 */
export async function moveToDeadLetter(
  tx: Queryable,
  jobs: readonly JobRef[],
  error: string,
  attempt?: FailedAttempt,
): Promise<{ failed: number; released: ReleasedJob[]; handedOver: number }> {
  const questions = await lockConversationsOfJobs(tx, jobs);
  const { failed, messages, released } = await failJobs(tx, jobs, error, attempt);
  if (messages.length === 0) return { failed, released, handedOver: 0 };
  const failures = await listFailedCustomerMessages(tx, messages);
  const unanswered = new Set(failures.map(({ id }) => id));
  await reopenAnsweredMessages(
    tx,
    questions.filter(({ answer_id: id }) => unanswered.has(id)).map(({ id }) => id),
  );
  const event = { type: 'needs_person', reason: 'failure' } as const;
  let handedOver = 0;
  // The last message of each conversation.
  for (const [id, messageId] of new Map(failures.map((one) => [one.conversation_id, one.id]))) {
    // oxlint-disable-next-line no-await-in-loop -- a transaction has one connection
    const changed = await applyEvent(tx, id, event, { actor: 'system', messageId });
    if (isHandOver(changed)) handedOver += 1;
  }
  return { failed, released, handedOver };
}
