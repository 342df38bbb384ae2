import { createHash } from 'node:crypto';
import { cutText } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';

/** Maximum number of questions that are grouped: the latest ones. */
export const MAX_GROUPED_QUESTIONS = 10_000;
/** Maximum number of groups that are merged and listed: those with the most questions. */
export const MAX_QUESTION_GROUPS = 1000;
/** Longer questions are cut to this many characters. */
export const MAX_QUESTION_LENGTH = 500;

/** `open`: nobody has decided yet. */
export type QuestionState = 'open' | 'dismissed';

export interface NewUnansweredQuestion {
  messageId: string;
  businessId: string;
  text: string;
  language?: string | undefined;
  /** The significant words of the question. Questions with the same key form a group. */
  key: string;
}

/** The questions with one key. */
export interface QuestionGroup {
  id: string;
  business_id: string;
  key: string;
  count: number;
  first_at: Date;
  last_at: Date;
}

/** A question's text, and how often it was asked. */
export interface QuestionExample {
  group_id: string;
  text: string;
  language: string | null;
  count: number;
  last_at: Date;
  /** The conversation in which it was asked last. */
  conversation_id: string;
}

/** SQL condition: `$2` is the state. */
const IN_STATE = `resolution is not distinct from nullif($2, 'open')`;

/** Stores a question that the agent did not understand, once per message. It is dismissed at once if its group is dismissed. */
export async function recordUnanswered(
  tx: Queryable,
  { messageId, businessId, text, language, key }: NewUnansweredQuestion,
): Promise<void> {
  await tx.query(
    `insert into unanswered_questions (message_id, business_id, text, language, group_key, group_id, resolution)
     values ($1, $2, $3, $4, $5, $6,
       (select nullif(resolution, 'answered') from unanswered_questions where group_id = $6 order by created_at desc limit 1))
     on conflict (message_id) do nothing`,
    [messageId, businessId, cutText(text, MAX_QUESTION_LENGTH), language, key, groupIdOf(businessId, key)],
  );
}

/** A hash, because the id appears in URLs and logs, where the key's words must not. */
function groupIdOf(businessId: string, key: string): string {
  return createHash('sha256').update(`${businessId}\0${key}`).digest('hex').slice(0, 32);
}

/** The groups of one business or of all (undefined), those with the most questions first. */
export async function listQuestionGroups(
  q: Queryable,
  { businessId, state }: { businessId: string | undefined; state: QuestionState },
): Promise<QuestionGroup[]> {
  return q.query<QuestionGroup>(
    `select group_id as id, min(business_id) as business_id, min(group_key) as key, count(*)::integer as count,
       min(created_at) as first_at, max(created_at) as last_at
     from (
       select * from unanswered_questions
       where ($1::text is null or business_id = $1) and ${IN_STATE}
       order by created_at desc limit $3) latest
     group by group_id order by count desc, last_at desc, id limit $4`,
    [businessId ?? null, state, MAX_GROUPED_QUESTIONS, MAX_QUESTION_GROUPS],
  );
}

/** The `limit` most frequent texts of each group, the most frequent first. Ignores case and punctuation. */
export async function listQuestionExamples(
  q: Queryable,
  { groupIds, state, limit }: { groupIds: readonly string[]; state: QuestionState; limit: number },
): Promise<QuestionExample[]> {
  return q.query<QuestionExample>(
    `select group_id, text, language, count, last_at, conversation_id from (
       select group_id, (array_agg(unanswered_questions.text order by unanswered_questions.created_at desc))[1] as text,
         (array_agg(language order by unanswered_questions.created_at desc))[1] as language,
         count(*)::integer as count, max(unanswered_questions.created_at) as last_at,
         (array_agg(conversation_id order by unanswered_questions.created_at desc))[1] as conversation_id,
         row_number() over (partition by group_id
           order by count(*) desc, max(unanswered_questions.created_at) desc) as place
       from unanswered_questions join messages on messages.id = message_id
       where group_id = any($1) and ${IN_STATE}
       group by group_id, btrim(regexp_replace(lower(unanswered_questions.text), '[[:punct:][:space:]]+', ' ', 'g'))) counted
     where place <= $3
     order by count desc, last_at desc`,
    [groupIds, state, limit],
  );
}

/**
 * The state of a group: `open` if any of its questions is open, else the state of the latest one. Undefined if the group does not
 * exist or belongs to another business.
 */
export async function findQuestionState(
  q: Queryable,
  { groupId, businessId }: { groupId: string; businessId: string | undefined },
): Promise<{ business_id: string; state: QuestionState | 'answered'; entry_id: string | null } | undefined> {
  const [row] = await q.query<{
    business_id: string;
    state: QuestionState | 'answered';
    entry_id: string | null;
  }>(
    `select business_id, coalesce(resolution, 'open') as state, entry_id::text as entry_id from unanswered_questions
     where group_id = $1 and ($2::text is null or business_id = $2) order by resolution is null desc, created_at desc limit 1`,
    [groupId, businessId ?? null],
  );
  return row;
}

/** Changes the state of the groups' questions that have the state `from`. Returns the count. */
export async function setQuestionState(
  tx: Queryable,
  {
    groupIds,
    from,
    to,
    entryId,
  }: {
    groupIds: readonly string[];
    from: QuestionState;
    to: QuestionState | 'answered';
    entryId?: string;
  },
): Promise<number> {
  const rows = await tx.query(
    `update unanswered_questions set resolution = nullif($3, 'open'), entry_id = $4
     where group_id = any($1) and ${IN_STATE} returning 1`,
    [groupIds, from, to, entryId],
  );
  return rows.length;
}

/**
 * Deletes a batch of the questions beyond the latest `MAX_GROUPED_QUESTIONS` of each business, which no group counts any more.
 * Returns the count.
 */
export async function deleteExcessUnanswered(q: Queryable, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from unanswered_questions where message_id in (
       select excess.message_id from businesses cross join lateral (
         select message_id from unanswered_questions where business_id = businesses.id
         order by created_at desc offset $1 limit $2) excess
       limit $2)
     returning 1`,
    [MAX_GROUPED_QUESTIONS, limit],
  );
  return rows.length;
}
