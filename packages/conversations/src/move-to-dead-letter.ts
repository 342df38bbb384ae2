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
 * Moves jobs to the dead letter and hands their conversations over to a person: each becomes `waiting` with the reason `failure`, unless a
 * person already has it. Customers' messages that thereby have no answer become `waiting_for_person`.
 *
 * @returns how many jobs failed, the jobs released in their place, and how many conversations started to wait
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
