import type { Queryable } from '../database.ts';
import type { JobRef } from '../jobs/job-release.ts';
import { STAFF_OF_CONTACT } from './conversation-repository.ts';

/** SQL condition: the answer is the agent's. An older release stored no author. */
const IS_AGENTS = `answer.in_reply_to is not null and coalesce(answer.author, 'agent') = 'agent'`;

/**
 * SQL: the customer's messages that the outbound messages $1 answer. The agent's answer answers one message. A person's answer
 * answers all messages since the last message of a person or the agent, except those that a later message of a person answers too.
 */
const ANSWERED_MESSAGES = `
  select answer.id as answer_id, answer.in_reply_to as id from messages answer where answer.id = any($1::uuid[]) and ${IS_AGENTS}
  union all
  select answer.id, asked.id from messages answer
    cross join lateral (
      select seq from messages where conversation_id = answer.conversation_id and direction = 'inbound' and seq < answer.seq
      order by messages.seq desc limit 1) newest
    join messages asked on asked.conversation_id = answer.conversation_id and asked.direction = 'inbound'
      and asked.seq <= newest.seq and asked.seq > coalesce((
        select seq from messages where conversation_id = answer.conversation_id and direction = 'outbound' and seq < newest.seq
          and status not in ('failed', 'ignored') and coalesce(author, 'agent') not in ('program', 'notice')
        order by messages.seq desc limit 1), 0)
  where answer.id = any($1::uuid[]) and answer.direction = 'outbound'
    and coalesce(answer.author, 'person') = 'person' and not (${IS_AGENTS})
    and not exists (select from messages later where later.conversation_id = answer.conversation_id and later.seq > answer.seq
      and later.direction = 'outbound' and later.author in ('person', 'phone') and later.status in ('queued', 'sent'))`;

/** An outbound message, and a customer's message that it answers. */
export interface AnsweredMessage {
  answer_id: string;
  id: string;
}

/**
 * Locks the conversations of jobs, then their messages and the messages that those answer, each by ascending id. Call it before the
 * jobs are failed.
 *
 * @returns the customers' messages that the jobs' messages answer
 */
export async function lockConversationsOfJobs(
  tx: Queryable,
  jobs: readonly JobRef[],
): Promise<AnsweredMessage[]> {
  const rows = await tx.query<{ id: string; conversation_id: string }>(
    `select messages.id, conversation_id from jobs join messages on messages.id = message_id where jobs.id = any($1::bigint[])`,
    [jobs.map(({ id }) => id)],
  );
  if (rows.length === 0) return [];
  await tx.query(`select from conversations where id = any($1::uuid[]) order by id for update`, [
    rows.map(({ conversation_id: id }) => id),
  ]);
  const messages = rows.map(({ id }) => id);
  const questions = await tx.query<AnsweredMessage>(ANSWERED_MESSAGES, [messages]);
  await tx.query(`select from messages where id = any($1::uuid[]) order by id for update`, [
    [...messages, ...questions.map(({ id }) => id)],
  ]);
  return questions;
}

/**
 * The messages of customers, the agent and people that failed with their jobs, oldest first. Excludes conversations with the business'
 * own people.
 */
export async function listFailedCustomerMessages(
  tx: Queryable,
  messageIds: readonly string[],
): Promise<{ id: string; conversation_id: string }[]> {
  return tx.query(
    `select messages.id, conversation_id from messages join conversations on conversations.id = conversation_id
     where messages.id = any($1::uuid[]) and messages.status = 'failed'
       and coalesce(author, 'customer') in ('customer', 'agent', 'person') and ${STAFF_OF_CONTACT} is null
     order by messages.seq`,
    [messageIds],
  );
}

/** The answer to these messages failed, so they wait for a person. */
export async function reopenAnsweredMessages(tx: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update messages set status = 'waiting_for_person' where id = any($1::uuid[]) and status = 'answered'`,
    [ids],
  );
}

/**
 * For an answer that failed before and is sent now: marks the messages that it answers as answered. The caller holds the lock on
 * the conversation.
 */
export async function markMessagesAnswered(tx: Queryable, answerId: string): Promise<void> {
  await tx.query(
    `update messages set status = 'answered' from (${ANSWERED_MESSAGES}) asked
     where messages.id = asked.id and messages.status = 'waiting_for_person'`,
    [[answerId]],
  );
}
