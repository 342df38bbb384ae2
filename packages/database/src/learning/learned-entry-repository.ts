import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { requireTable } from '../tables.ts';

/** For all businesses together: every service keeps them in memory. */
export const MAX_LEARNED_ENTRIES = 500;
/** Phrasings (`also`) of one entry. */
export const MAX_PHRASINGS = 20;

/** An entry that people added from missed questions. */
export interface LearnedEntryRow {
  id: string;
  business_id: string;
  question: string;
  /** Null: adds the phrasings in `also` to the entry with the same `question`. */
  answer: string | null;
  also: string[];
  person_id: string | null;
  person_name: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface NewLearnedEntry {
  businessId: string;
  question: string;
  answer: string | null;
  also: readonly string[];
  personId?: string | undefined;
}

const COLUMNS = `learned_entries.id::text as id, learned_entries.business_id, question, answer, also, person_id,
  people.name as person_name, learned_entries.created_at, updated_at`;
const WITH_PEOPLE = 'left join people on people.id = person_id';

/** Serialises changes, so that ids rise in commit order; reads continue. */
export async function lockLearnedEntries(tx: Queryable): Promise<void> {
  await tx.query('lock table learned_entries in share row exclusive mode');
}

/** The caller holds the lock. Undefined at `MAX_LEARNED_ENTRIES`. */
export async function addLearnedEntry(
  tx: Queryable,
  { businessId, question, answer, also, personId }: NewLearnedEntry,
): Promise<LearnedEntryRow | undefined> {
  const [added] = await tx.query<{ id: string }>(
    `insert into learned_entries (business_id, question, answer, also, person_id)
     select $1, $2, $3, $4, $5 where (select count(*) from learned_entries) < $6 returning id::text as id`,
    [businessId, question, answer, also.slice(0, MAX_PHRASINGS), personId, MAX_LEARNED_ENTRIES],
  );
  return added && findLearnedEntry(tx, added.id, businessId);
}

/** Undefined if it does not exist or belongs to another business. */
export async function findLearnedEntry(
  q: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<LearnedEntryRow | undefined> {
  const [row] = await q.query<LearnedEntryRow>(
    `select ${COLUMNS} from learned_entries ${WITH_PEOPLE}
     where learned_entries.id = $1 and ($2::text is null or learned_entries.business_id = $2)`,
    [id, businessId ?? null],
  );
  return row;
}

/** The entries of one business or of all (undefined), the latest first. */
export async function listLearnedEntries(
  q: Queryable,
  businessId: string | undefined,
): Promise<LearnedEntryRow[]> {
  return q.query<LearnedEntryRow>(
    `select ${COLUMNS} from learned_entries ${WITH_PEOPLE}
     where ($1::text is null or learned_entries.business_id = $1) order by learned_entries.id desc limit $2`,
    [businessId ?? null, MAX_LEARNED_ENTRIES],
  );
}

/** Changes an entry. Rows that add phrasings to it follow when its question changes. The caller holds the lock. */
export async function changeLearnedEntry(
  tx: Queryable,
  { id, question, answer }: LearnedEntryRow,
  change: Partial<Pick<LearnedEntryRow, 'question' | 'answer' | 'also'>>,
): Promise<void> {
  await tx.query(
    `update learned_entries set updated_at = now(), question = coalesce($2, question),
       answer = coalesce($3, answer), also = coalesce($4, also) where id = $1`,
    [id, change.question, change.answer, change.also],
  );
  if (change.question !== undefined && answer !== null)
    await tx.query(
      `update learned_entries set updated_at = now(), question = $2 where answer is null and lower(question) = lower($1)`,
      [question, change.question],
    );
}

/**
 * Deletes an entry with the phrasings added to it, and reopens its questions. The caller holds the lock.
 *
 * @returns how many questions are open again
 */
export async function deleteLearnedEntry(
  tx: Queryable,
  { id, question, answer }: LearnedEntryRow,
): Promise<number> {
  const rows = await tx.query<{ id: string }>(
    `select id::text as id from learned_entries
     where id = $1 or ($3 and answer is null and lower(question) = lower($2))`,
    [id, question, answer !== null],
  );
  const ids = rows.map((row) => row.id);
  const opened = await tx.query(
    `update unanswered_questions set resolution = null, entry_id = null where entry_id = any($1::bigint[]) returning 1`,
    [ids],
  );
  await tx.query('delete from learned_entries where id = any($1::bigint[])', [ids]);
  return opened.length;
}

/** An entry as the agent uses it. Without `answer`, it adds phrasings to the entry with the same question; such entries come last. */
export type LearnedAnswer = { question: string; answer?: string; also: string[] };

export async function readLearnedAnswers(q: Queryable): Promise<LearnedAnswer[]> {
  const rows = await q.query<Pick<LearnedEntryRow, 'question' | 'answer' | 'also'>>(
    'select question, answer, also from learned_entries order by answer is null, learned_entries.id limit $1',
    [MAX_LEARNED_ENTRIES],
  );
  return rows.map(({ question, answer, also }) => ({ question, ...(answer !== null && { answer }), also }));
}

/** How soon a change takes effect in every service. */
const READ_EVERY_MS = 2000;

export interface LearnedAnswersWatch extends Disposable {
  /** Reads now, so that a change made in this process takes effect at once. */
  read(): Promise<void>;
}

/** Calls `onLearned` with all entries whenever they change. While the database is down, the last ones stay in use. */
export function watchLearnedAnswers(
  db: Queryable,
  {
    log,
    onLearned,
    readEveryMs = READ_EVERY_MS,
  }: { log: Logger; onLearned: (learned: LearnedAnswer[]) => void; readEveryMs?: number },
): LearnedAnswersWatch {
  const stopping = new AbortController();
  let lastVersion: string | undefined;
  let reads = 0;
  let lastDelivered = 0;
  const read = async (): Promise<void> => {
    const sequence = (reads += 1);
    if (lastVersion === undefined) await requireTable(db, 'learned_entries');
    const [row] = await db.query<{ version: string }>(
      `select concat_ws(' ', count(*), max(learned_entries.id), max(updated_at)) as version from learned_entries`,
    );
    if (row === undefined || row.version === lastVersion) return;
    const learned = await readLearnedAnswers(db);
    // The result of an older read may arrive last.
    if (sequence < lastDelivered) return;
    lastDelivered = sequence;
    // The version was read before the entries: an entry that was added in between is read again.
    lastVersion = row.version;
    onLearned(learned);
  };
  const onError = (error: unknown): void => log.debug({ err: error }, 'learned entries could not be read');
  const retries = { signal: stopping.signal, baseMs: 200, maxMs: readEveryMs, onError };
  const repeat = async (): Promise<void> => {
    for (;;) {
      await retryForever(read, retries);
      await sleep(readEveryMs, undefined, { signal: stopping.signal });
    }
  };
  repeat().catch(() => {});
  return { read, [Symbol.dispose]: () => stopping.abort() };
}
