import { type Profile, comparable } from '@prosaas/agentkit/offline';
import { type LearnedEntryRow, MAX_PHRASINGS } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import { NotFound } from '../errors.ts';

/** Characters of a question, and of another way to ask it. */
export const MAX_QUESTION_LENGTH = 300;

/** An entry that the agent answers from: one of the profile's file, or a learned one. */
export interface AgentEntry {
  /** Null for an entry of the file. */
  id: string | null;
  source: 'profile' | 'learned';
  business_id: string | null;
  question: string;
  /** Null if the entry only adds ways to ask the entry of the same question. */
  answer: string | null;
  also: string[];
  /** False if it adds ways to ask an entry that the profile no longer has. */
  is_used: boolean;
  person_id: string | null;
  person_name: string | null;
  created_at: Date | null;
}

/** How to answer a group of questions: by a new entry, or as other ways to ask an existing one. */
export type AnswerRequest =
  | { answer: string; question: string | undefined; also: string[] | undefined }
  | { entry: string; also: string[] | undefined };

/** The entries of the profile's file. @param profile includes the learned entries */
export function profileEntries(profile: Profile, learned: readonly LearnedEntryRow[]): AgentEntry[] {
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

/** @param profile includes the learned entries */
export function viewLearnedEntry(row: LearnedEntryRow, profile: Profile): AgentEntry {
  const wanted = comparable(row.question);
  const isUsed =
    row.answer !== null ||
    profile.faq.some(({ question, also = [] }) =>
      [question, ...also].some((form) => comparable(form) === wanted),
    );
  return { ...row, source: 'learned', is_used: isUsed };
}

/** All entries with an answer: those of the file and the learned ones. */
export function answerableEntries(profile: Profile, learned: readonly LearnedEntryRow[]): AgentEntry[] {
  const own = learned.filter(({ answer }) => answer !== null).map((row) => viewLearnedEntry(row, profile));
  return [...profileEntries(profile, learned), ...own];
}

interface NewEntry {
  question: string;
  answer: string | null;
  also: string[];
}

/** The entry to learn. @throws NotFound, EntryExists */
export function buildEntry({
  request,
  texts,
  entries,
}: {
  request: AnswerRequest;
  /** Texts of the questions, the most frequent first. */
  texts: readonly string[];
  entries: readonly AgentEntry[];
}): NewEntry {
  const findByQuestion = (question: string): AgentEntry | undefined =>
    entries.find((entry) => comparable(entry.question) === comparable(question));
  if ('entry' in request) {
    const found = findByQuestion(request.entry);
    if (found === undefined) throw new NotFound('entry');
    return { question: found.question, answer: null, also: request.also ?? phrasingsOf(texts) };
  }
  const question =
    request.question ?? normalizeQuestion(texts.find((text) => !hasPersonalData(text)) ?? texts[0] ?? '');
  const also = request.also ?? phrasingsOf(texts).filter((text) => comparable(text) !== comparable(question));
  const same = findByQuestion(question);
  if (same?.answer === request.answer) return { question: same.question, answer: null, also };
  requireNewQuestion(question, entries);
  return { question, answer: request.answer, also };
}

/** A question must be unique: the agent would never find a second entry for it. @throws EntryExists */
export function requireNewQuestion(question: string, entries: readonly AgentEntry[]): void {
  const taken = entries.find((entry) =>
    [entry.question, ...entry.also].some((form) => comparable(form) === comparable(question)),
  );
  if (taken !== undefined) throw new EntryExists(taken.question);
}

/** Texts with phone numbers or addresses are personal data and must not become ways to ask. */
const hasPersonalData = (text: string): boolean => /\d[\d\s().-]{4,}\d|@|:\/\//.test(text);
const normalizeQuestion = (text: string): string =>
  text.slice(0, MAX_QUESTION_LENGTH).toWellFormed().replaceAll(/\s+/g, ' ').trim();
const phrasingsOf = (texts: readonly string[]): string[] =>
  texts
    .filter((text) => !hasPersonalData(text) && text.length <= MAX_QUESTION_LENGTH)
    .slice(0, MAX_PHRASINGS)
    .map(normalizeQuestion);

/** The entry that an earlier, equal request made from the same group. @throws AlreadyAnswered if that request was different */
export function findRepeatedEntry(
  learned: readonly LearnedEntryRow[],
  entryId: string | null,
  request: AnswerRequest,
): LearnedEntryRow {
  const entry = learned.find(({ id }) => id === entryId);
  if (entry === undefined) throw new AlreadyAnswered();
  const wanted = 'entry' in request ? request.entry : (request.question ?? entry.question);
  const answer =
    'entry' in request || entry.answer !== null
      ? entry.answer
      : learned.find((one) => one.answer !== null && one.question === entry.question)?.answer;
  const isSame =
    comparable(wanted) === comparable(entry.question) &&
    ('entry' in request ? answer === null : answer === request.answer);
  if (!isSame) throw new AlreadyAnswered();
  return entry;
}

class EntryExists extends AppError {
  override code = 'ENTRY_EXISTS';
  override status = 409;

  constructor(question: string) {
    super(`“${question}” already asks that. Link to it, or word the question differently.`);
  }
}

class AlreadyAnswered extends AppError {
  override code = 'ALREADY_ANSWERED';
  override status = 409;

  constructor() {
    super('These questions already have a learned entry. Delete that entry first.');
  }
}
