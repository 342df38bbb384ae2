import { type Analysis, type CorrectedToken, type Term, analyse, detectLanguages } from './analysis.ts';
import { MAX_SENTENCE_WORDS } from './clauses.ts';
import { confidentCandidate } from './confidence.ts';
import type { DayLanguage } from './day-names.ts';
import { findDays } from './days.ts';
import type { Knowledge } from './knowledge.ts';
import type { Language } from './language.ts';
import { range } from './range.ts';
import { findSmallTalk } from './small-talk.ts';
import type { Candidate } from './topics.ts';

/** What a clause asks for: an entry or the opening hours, or the hours of some days. */
export type Intent =
  | { kind: 'topic'; topic: number; score: number; coverage: number }
  | { kind: 'days'; dates: string[] };

/** What was found in a clause or a sentence. */
export interface Reading {
  intents: Intent[];
  /** Of the best candidate, if it is good enough to answer. */
  coverage: number;
  candidates: Candidate[];
  terms: readonly Term[];
  /** Terms that no topic has. */
  unknown: string[];
  /** Positions of the tokens that name days. */
  days: ReadonlySet<number>;
  /** It names a date that no calendar has, and asks for nothing but the hours. */
  hasInvalidDate?: true;
  /** The hours of the days that it names, if it names nothing else. */
  bareDays?: Intent;
}

/** Coverage of a clause that asks for the hours of days. */
const DAYS_COVERAGE = 0.6;

/** The languages in which days are read: those of the message and those of the profile. */
export const dayLanguagesOf = (
  spoken: readonly Language[],
  { profileLanguage, dayLanguage }: Knowledge,
): DayLanguage[] => [...new Set([...spoken, profileLanguage, dayLanguage])];

/**
 * Reads one clause.
 * @param text the text of the tokens, as it was written
 * @param today local date of the business
 */
export function readClause(
  corrected: readonly CorrectedToken[],
  text: string,
  knowledge: Knowledge,
  today: string,
): Reading {
  const tokens = corrected.map(({ word }) => word);
  const spoken = detectLanguages(tokens, knowledge.languages, knowledge.profileLanguage);
  const days = findDays(tokens, text, today, dayLanguagesOf(spoken, knowledge));
  const { positions: smallTalk } = findSmallTalk(tokens, spoken);
  const skipped = [...days.positions].filter((at) => !days.holidays.has(at));
  const analysis = analyse(corrected, knowledge.lexicon, new Set([...skipped, ...smallTalk]));
  const terms = analysis.terms.slice(0, MAX_SENTENCE_WORDS);
  const { candidates, unknown } = knowledge.topics.rank({ terms });
  const best = confidentCandidate(candidates, terms);
  const hasInvalidDate = days.hasInvalidDate && (best === undefined || best.topic === knowledge.hoursTopic);
  const hasOnlyDays =
    days.dates.every((date) => date >= today) &&
    [...days.positions].some((at) => !smallTalk.has(at)) &&
    hasOnlyFillers(tokens, spoken, knowledge.dayLanguage, new Set([...days.positions, ...smallTalk]));
  const hours: Intent = days.isRange
    ? { kind: 'topic', topic: knowledge.hoursTopic, score: 1, coverage: 1 }
    : { kind: 'days', dates: days.dates };
  const reading: Omit<Reading, 'intents'> = {
    candidates,
    terms,
    unknown,
    days: days.positions,
    coverage: best?.coverage ?? 0,
    ...(hasInvalidDate && { hasInvalidDate }),
    ...(hasOnlyDays && days.dates.length > 0 && { bareDays: hours }),
  };
  if (hasInvalidDate) return { ...reading, intents: [] };
  if (days.dates.length > 0) {
    const isHours = best?.topic === knowledge.hoursTopic;
    const presence = presencePositions(analysis, days.positions);
    const others = terms.filter(({ at, length }) => !range(at, length).every((one) => presence.has(one)));
    const other =
      others.length === 0
        ? undefined
        : confidentCandidate(knowledge.topics.rank({ terms: others }).candidates, others);
    const isOther = best !== undefined && !isHours && (other?.topic === best.topic || presence.size === 0);
    const hasUnknownTerm = terms.some(
      ({ text: term, at }) => unknown.includes(term) && !presence.has(at) && !days.holidays.has(at),
    );
    if (!isOther && (isHours || (presence.size > 0 && !hasUnknownTerm)))
      return { ...reading, intents: [hours], coverage: Math.max(DAYS_COVERAGE, reading.coverage) };
  }
  if (!best) return { ...reading, intents: [] };
  const { topic, score, coverage } = best;
  return { ...reading, intents: [{ kind: 'topic', topic, score, coverage }] };
}

/** Whether all tokens but those at `positions` are fillers, such as `what about` and `and on`. */
function hasOnlyFillers(
  tokens: readonly string[],
  languages: readonly Language[],
  dayLanguage: DayLanguage,
  positions: ReadonlySet<number>,
): boolean {
  const skipped = new Set(positions);
  for (const { followUp, joins, days } of languages) {
    for (const phrase of [...followUp, ...joins, ...days.before, ...days.either]) {
      for (const at of tokens.keys()) {
        if (phrase.every((word, offset) => tokens[at + offset] === word))
          for (const offset of phrase.keys()) skipped.add(at + offset);
      }
    }
  }
  const isFiller = (word: string): boolean =>
    languages.some(({ asking, fillers }) => fillers.has(word) && !asking.has(word)) ||
    (!languages.some(({ code }) => code === dayLanguage.code) && dayLanguage.isStopWord(word));
  return tokens.every((word, at) => skipped.has(at) || isFiller(word));
}

/** Positions of the tokens that ask whether somebody is there. */
function presencePositions(
  { words: tokens, languages }: Analysis,
  skipped: ReadonlySet<number>,
): Set<number> {
  const positions = new Set<number>();
  for (const language of languages) {
    const keys = tokens.map((word, at) => (skipped.has(at) ? [] : language.keys(word)));
    for (const at of tokens.keys()) {
      const found = language.presence.at(keys, at);
      for (let one = at; one < at + (found?.length ?? 0); one++) positions.add(one);
    }
  }
  return positions;
}
