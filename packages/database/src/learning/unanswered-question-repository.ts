import { createHash } from 'node:crypto';
import { cutText } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';

/** Questions that groups are made of, at most: the latest. */
export const MAX_GROUPED_QUESTIONS = 10_000;
/** Groups that are brought together and listed, at most: those with the most questions. */
export const MAX_QUESTION_GROUPS = 1000;
/** Characters of a question that are kept. */
export const MAX_QUESTION_LENGTH = 500;

/** `open`: nobody has decided yet. */
export type QuestionState = 'open' | 'dismissed';

export interface NewUnansweredQuestion {
  messageId: string;
  businessId: string;
  text: string;
  language?: string | undefined;
  /** The words that say what it asks: questions of the same key are one group. */
  key: string;
}

/** Questions of one key. */
export interface QuestionGroup {
  id: string;
  business_id: string;
  key: string;
  count: number;
  first_at: Date;
  last_at: Date;
}

/** A text that was asked, and how often. */
export interface QuestionExample {
  group_id: string;
  text: string;
  language: string | null;
  count: number;
  last_at: Date;
  /** Where it was asked last. */
  conversation_id: string;
}

/** Condition: `$2` is the state. */
const IN_STATE = `resolution is not distinct from nullif($2, 'open')`;

/** Keeps a question that the agent did not understand; a message counts once. A group that was dismissed stays so. */
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

/** Without the words of the key: it stands in URLs, and so in logs. */
function groupIdOf(businessId: string, key: string): string {
  return createHash('sha256').update(`${businessId}\0${key}`).digest('hex').slice(0, 32);
}

/** Of one business or of all; those with the most questions first. */
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

/** What was asked in groups; of each the `limit` most frequent texts, those first. Case and punctuation do not matter. */
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

/** Of the group's latest question; undefined where there is none, or it is another business'. */
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

/** Answers how many questions were. */
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

/** A batch of those that no group counts any more, because there are too many of their business; answers how many went. */
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
