import { type Profile, comparable } from '@prosaas/agentkit/offline';
import { type LearnedEntryRow, MAX_PHRASINGS } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import { NotFound } from '../errors.ts';

/** Characters of a question, and of another way to ask it. */
export const QUESTION_LENGTH = 300;

/** What the agent answers with: an entry of the profile's file, or what was learned. */
export interface AgentEntry {
  /** Null: of the file. */
  id: string | null;
  source: 'profile' | 'learned';
  business_id: string | null;
  question: string;
  /** Null: it adds ways to ask the entry of that question. */
  answer: string | null;
  also: string[];
  /** False: the entry that it adds ways to ask to is not in the profile any more. */
  is_used: boolean;
  person_id: string | null;
  person_name: string | null;
  created_at: Date | null;
}

/** What is to become of a group: an entry of its own, or a way to ask of another. */
export type EntryOrder =
  | { answer: string; question: string | undefined; also: string[] | undefined }
  | { entry: string; also: string[] | undefined };

/** Of a profile that has what was learned already: what its file says. */
export function fileEntries(profile: Profile, learned: readonly LearnedEntryRow[]): AgentEntry[] {
  const own = new Set(learned.filter(({ answer }) => answer !== null).map((row) => comparable(row.question)));
  return profile.faq
    .filter(({ question }) => !own.has(comparable(question)))
    .map(({ question, answer, also = [] }) => ({
      id: null,
      source: 'profile',
      business_id: null,
      question,
      answer,
      also,
      is_used: true,
      person_id: null,
      person_name: null,
      created_at: null,
    }));
}

/** @param profile with what was learned */
export function showLearned(row: LearnedEntryRow, profile: Profile): AgentEntry {
  const wanted = comparable(row.question);
  const isUsed =
    row.answer !== null ||
    profile.faq.some(({ question, also = [] }) =>
      [question, ...also].some((form) => comparable(form) === wanted),
    );
  return { ...row, source: 'learned', is_used: isUsed };
}

/** What can be answered with: the entries of the file, and what was learned. */
export function entriesOf(profile: Profile, learned: readonly LearnedEntryRow[]): AgentEntry[] {
  const own = learned.filter(({ answer }) => answer !== null).map((row) => showLearned(row, profile));
  return [...fileEntries(profile, learned), ...own];
}

interface WantedEntry {
  question: string;
  answer: string | null;
  also: string[];
}

/** What is to be learned. @throws NotFound, EntryExists */
export function entryFor({
  order,
  texts,
  entries,
}: {
  order: EntryOrder;
  /** What was asked, the most frequent first. */
  texts: readonly string[];
  entries: readonly AgentEntry[];
}): WantedEntry {
  const called = (question: string): AgentEntry | undefined =>
    entries.find((entry) => comparable(entry.question) === comparable(question));
  if ('entry' in order) {
    const found = called(order.entry);
    if (found === undefined) throw new NotFound('entry');
    return { question: found.question, answer: null, also: order.also ?? waysToAsk(texts) };
  }
  const question = order.question ?? cut(texts.find((text) => !isPrivate(text)) ?? texts[0] ?? '');
  const also = order.also ?? waysToAsk(texts).filter((text) => comparable(text) !== comparable(question));
  const same = called(question);
  if (same?.answer === order.answer) return { question: same.question, answer: null, also };
  requireNew(question, entries);
  return { question, answer: order.answer, also };
}

/** A question that an entry has already would never be found under another one. */
export function requireNew(question: string, entries: readonly AgentEntry[]): void {
  const taken = entries.find((entry) =>
    [entry.question, ...entry.also].some((form) => comparable(form) === comparable(question)),
  );
  if (taken !== undefined) throw new EntryExists(taken.question);
}

/** What somebody wrote of herself is no way to ask: numbers, addresses. */
const isPrivate = (text: string): boolean => /\d[\d\s().-]{4,}\d|@|:\/\//.test(text);
const cut = (text: string): string =>
  text.slice(0, QUESTION_LENGTH).toWellFormed().replaceAll(/\s+/g, ' ').trim();
const waysToAsk = (texts: readonly string[]): string[] =>
  texts
    .filter((text) => !isPrivate(text) && text.length <= QUESTION_LENGTH)
    .slice(0, MAX_PHRASINGS)
    .map(cut);

/** What a group became, where the same is asked for again. */
export function repeatedEntry(
  learned: readonly LearnedEntryRow[],
  entryId: string | null,
  order: EntryOrder,
): LearnedEntryRow {
  const entry = learned.find(({ id }) => id === entryId);
  if (entry === undefined) throw new AlreadyAnswered();
  const wanted = 'entry' in order ? order.entry : (order.question ?? entry.question);
  const answer =
    'entry' in order || entry.answer !== null
      ? entry.answer
      : learned.find((one) => one.answer !== null && one.question === entry.question)?.answer;
  const isSame =
    comparable(wanted) === comparable(entry.question) &&
    ('entry' in order ? answer === null : answer === order.answer);
  if (!isSame) throw new AlreadyAnswered();
  return entry;
}

class EntryExists extends AppError {
  constructor(question: string) {
    super(`“${question}” asks that already. Link to it, or word the question differently.`, {
      status: 409,
      code: 'ENTRY_EXISTS',
    });
  }
}

class AlreadyAnswered extends AppError {
  constructor() {
    super('This was answered already, in another way: take that entry back first.', {
      status: 409,
      code: 'ALREADY_ANSWERED',
    });
  }
}
