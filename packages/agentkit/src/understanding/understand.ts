import type { Profile } from '../profile/profile.ts';
import { wallClock } from '../wall-clock.ts';
import { type CorrectedToken, detectLanguages } from './analysis.ts';
import { type Intent, type Reading, dayLanguagesOf, readClause } from './clause-reading.ts';
import { MAX_SENTENCE_WORDS, originalText, sentencesOf, splitPoints } from './clauses.ts';
import { isAttribute } from './confidence.ts';
import { findDays } from './days.ts';
import { words } from './fold.ts';
import { type Knowledge, correctedTokens } from './knowledge.ts';
import type { Candidate } from './topics.ts';

/** A topic is offered from this score on, if one of its terms matches at least half. */
const MIN_OFFER_SCORE = 0.15;
const MIN_OFFER_MATCH_WEIGHT = 0.5;
const MAX_OFFERED = 3;
const MAX_ANSWERS = 3;
/** Terms of a message that may be a follow-up question. */
const MAX_FOLLOW_UP_TERMS = 4;
/** From this coverage on, a follow-up question is about the topic before. */
const MIN_FOLLOW_UP_COVERAGE = 0.55;
/** A follow-up question may cover another topic better, by this much at most. */
const MAX_FOLLOW_UP_GAP = 0.25;
/** Without a follow-up phrase the topic before must cover this much, and every other topic less than that. */
const MIN_UNMARKED_FOLLOW_UP_COVERAGE = 0.8;
const MAX_UNMARKED_OTHER_COVERAGE = 0.75;
/** From this coverage on, one clause of a sentence is answered alone. */
const MIN_CLAUSE_COVERAGE = 0.65;
/** A sentence with more coverage than this is split only if its parts have more, by the margin. */
const MAX_SPLIT_COVERAGE = 0.8;
const MIN_SPLIT_MARGIN = 0.1;
/** Sentences of a message that may be split into clauses. */
const MAX_SPLIT_SENTENCES = 5;

export interface Understanding {
  /** In the order in which the message asks for them; empty if nothing was understood. */
  intents: Intent[];
  /** The closest topics, best first, if nothing was understood. */
  offered: number[];
  candidates: Candidate[];
  unknownWords: string[];
}

export interface Context {
  /** The topic that the conversation was about before this message. */
  previous?: { topic: number } | undefined;
  now: Date;
}

/** Finds what a message asks for among the topics of a profile. */
export function understand(
  text: string,
  knowledge: Knowledge,
  profile: Profile,
  context: Context,
): Understanding {
  const exact = knowledge.exact.get(words(text).join(' '));
  if (exact !== undefined) return understandingOf([{ kind: 'topic', topic: exact, score: 1, coverage: 1 }]);
  const today = wallClock(context.now, profile.timeZone).date;
  const isQuestion = (sentence: string): boolean => {
    const tokens = words(sentence);
    return knowledge.languages.some(({ asking, joins }) => {
      const join = joins.find((phrase) => phrase.every((word, at) => tokens[at] === word));
      return asking.has(tokens[join?.length ?? 0] ?? '');
    });
  };
  const sentences = sentencesOf(text, isQuestion).map((sentence, at) => ({
    ...sentence,
    reading: readSentence(sentence.text, knowledge, { today, maySplit: at < MAX_SPLIT_SENTENCES }),
  }));
  const followUp =
    context.previous && sentences.length === 1
      ? followUpOf(text, context.previous.topic, sentences[0]?.reading, knowledge, today)
      : undefined;
  if (followUp) return understandingOf([followUp]);
  const understood = sentences.filter(({ reading }) => reading.intents.length > 0);
  const questions = understood.filter((sentence) => sentence.isQuestion);
  const intents = distinct(
    (questions.length > 0 ? questions : understood).flatMap(({ reading }) => reading.intents),
  );
  if (intents.length > 0)
    return { ...understandingOf(intents), ...explanationOf(sentences.map(({ reading }) => reading)) };
  const whole =
    sentences.length > 1 ? readSentence(text, knowledge, { today, maySplit: false }) : sentences[0]?.reading;
  if (!whole) return understandingOf([]);
  if (!context.previous && whole.bareDays)
    return { ...understandingOf([whole.bareDays]), ...explanationOf([whole]) };
  const offered = whole.candidates
    .filter(
      ({ score, matches }) =>
        score >= MIN_OFFER_SCORE && matches.some(({ weight }) => weight >= MIN_OFFER_MATCH_WEIGHT),
    )
    .slice(0, MAX_OFFERED)
    .map(({ topic }) => topic);
  return {
    intents: whole.intents,
    offered: whole.intents.length > 0 ? [] : offered,
    ...explanationOf([whole]),
  };
}

const understandingOf = (intents: Intent[]): Understanding => ({
  intents,
  offered: [],
  candidates: [],
  unknownWords: [],
});

const explanationOf = (readings: readonly Reading[]): Pick<Understanding, 'candidates' | 'unknownWords'> => ({
  candidates: readings
    .flatMap(({ candidates }) => candidates)
    .toSorted((one, other) => other.score - one.score),
  unknownWords: readings.flatMap(({ unknown }) => unknown),
});

/** The intents without duplicates, as many as one message is answered for. */
function distinct(intents: readonly Intent[]): Intent[] {
  const seen = new Set<string>();
  return intents
    .filter((intent) => {
      const key = intent.kind === 'topic' ? String(intent.topic) : intent.dates.join();
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MAX_ANSWERS);
}

/** Reads a sentence as a whole, and as two clauses if they ask for different things. */
function readSentence(
  text: string,
  knowledge: Knowledge,
  { today, maySplit }: { today: string; maySplit: boolean },
): Reading {
  const corrected = correctedTokens(text, knowledge).slice(0, MAX_SENTENCE_WORDS);
  const whole = readClause(corrected, text, knowledge, today);
  if (whole.hasInvalidDate) return whole;
  const tokens = corrected.map(({ word }) => word);
  let clause: Reading | undefined;
  const points = maySplit ? splitPoints(tokens, commasOf(text), knowledge.languages) : [];
  for (const { end, begin } of points) {
    const [first, second] = readBothClauses(corrected, text, { end, begin }, knowledge, today);
    const both = distinct([...first.intents, ...second.intents]);
    for (const one of [first, second]) {
      const isSpecific = one.terms.some((term) => !term.isCommon && !isAttribute(term));
      const isTopic = one.intents[0]?.kind === 'topic';
      const isAnswerable = isTopic && isSpecific && one.coverage >= MIN_CLAUSE_COVERAGE;
      if (isAnswerable && one.coverage > (clause?.coverage ?? 0)) clause = one;
    }
    // The comma of `Saturday, 28 March` stands inside one day.
    const isInDay = end === begin && whole.days.has(end - 1) && whole.days.has(begin);
    if (both.length < 2 || isInDay) continue;
    const coverage = (first.coverage + second.coverage) / 2;
    if (whole.coverage < MAX_SPLIT_COVERAGE || coverage > whole.coverage + MIN_SPLIT_MARGIN) {
      const rest = splitRest(corrected.slice(begin), knowledge, today);
      return { ...whole, intents: distinct([...first.intents, ...(rest ?? second.intents)]), coverage };
    }
  }
  // Only one clause asks: `Our flight is late, could you keep our bags?`
  const [closest] = whole.candidates;
  const isClosest = clause?.intents.some((one) => one.kind === 'topic' && one.topic === closest?.topic);
  return whole.intents.length === 0 && clause && isClosest === true ? clause : whole;
}

function readBothClauses(
  corrected: readonly CorrectedToken[],
  text: string,
  { end, begin }: { end: number; begin: number },
  knowledge: Knowledge,
  today: string,
): [Reading, Reading] {
  const tokens = corrected.map(({ word }) => word);
  return [
    readClause(corrected.slice(0, end), originalText(text, tokens, 0, end), knowledge, today),
    readClause(corrected.slice(begin), originalText(text, tokens, begin, tokens.length), knowledge, today),
  ];
}

/** The intents of a second clause that itself holds two, for a sentence with three questions. */
function splitRest(
  corrected: readonly CorrectedToken[],
  knowledge: Knowledge,
  today: string,
): Intent[] | undefined {
  const tokens = corrected.map(({ word }) => word);
  for (const point of splitPoints(tokens, new Set(), knowledge.languages)) {
    const clauses = readBothClauses(corrected, tokens.join(' '), point, knowledge, today);
    const both = distinct(clauses.flatMap(({ intents }) => intents));
    if (both.length >= 2) return both;
  }
  return undefined;
}

/** Positions of the tokens that follow a comma, a slash or a dash. */
function commasOf(text: string): Set<number> {
  const positions = new Set<number>();
  let at = 0;
  for (const piece of text.split(/(?<!\d)[,/،]|[,/،](?!\d)| - /u)) {
    at += words(piece).length;
    positions.add(at);
  }
  return positions;
}

/** What a short message asks about the topic before: `and on Saturday?`, `how long do they last?`. */
function followUpOf(
  text: string,
  previous: number,
  reading: Reading | undefined,
  knowledge: Knowledge,
  today: string,
): Intent | undefined {
  if (!reading) return undefined;
  const tokens = correctedTokens(text, knowledge).map(({ word }) => word);
  const spoken = detectLanguages(tokens, knowledge.languages, knowledge.profileLanguage);
  const days = findDays(tokens, text, today, dayLanguagesOf(spoken, knowledge));
  const { terms } = reading;
  if (terms.length > MAX_FOLLOW_UP_TERMS) return undefined;
  if (reading.hasInvalidDate) return undefined;
  const [intent] = reading.intents;
  const isDays = intent === undefined || intent.kind === 'days';
  if (previous === knowledge.hoursTopic && reading.bareDays && isDays) return reading.bareDays;
  if (previous === knowledge.hoursTopic && days.dates.length > 0 && isDays)
    return { kind: 'days', dates: days.dates };
  if (terms.length === 0) return undefined;
  const hasFollowUpPhrase = spoken.some(({ followUp: phrases }) =>
    phrases.some((phrase) =>
      tokens.some((_, at) => phrase.every((word, offset) => tokens[at + offset] === word)),
    ),
  );
  const isMarked = hasFollowUpPhrase || intent === undefined;
  const coverage = knowledge.topics.followUpCoverage(previous, terms);
  const ownCoverage = intent?.kind === 'topic' ? intent.coverage : 0;
  const isCoveredByPrevious =
    coverage >= MIN_UNMARKED_FOLLOW_UP_COVERAGE && ownCoverage < MAX_UNMARKED_OTHER_COVERAGE;
  if (!isMarked && !isCoveredByPrevious) return undefined;
  if (coverage < MIN_FOLLOW_UP_COVERAGE || coverage < ownCoverage - MAX_FOLLOW_UP_GAP) return undefined;
  return { kind: 'topic', topic: previous, score: coverage, coverage };
}
