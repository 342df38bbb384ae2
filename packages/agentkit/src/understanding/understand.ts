import { wallClock } from '../opening-hours.ts';
import type { Profile } from '../profile/profile.ts';
import { type Analysis, type Unit, analyse, languagesOf } from './analysis.ts';
import { confidentOf, isAttribute } from './confidence.ts';
import { SENTENCE_WORDS, cutsOf, sentencesOf, textOf } from './clauses.ts';
import type { DayLanguage } from './day-names.ts';
import { findDays } from './days.ts';
import { words } from './fold.ts';
import { type CorrectedWord, type Knowledge, correctedWordsOf } from './knowledge.ts';
import type { Language } from './language.ts';
import { range } from './range.ts';
import { findSmallTalk } from './small-talk.ts';
import type { Candidate } from './topics.ts';

/** A guess is offered from this score on. */
const MIN_OFFER_SCORE = 0.15;
const MOST_OFFERED = 3;
const MOST_ANSWERS = 3;
/** The topic before is preferred for what leans on it, from this coverage on. */
const MIN_FOLLOW_UP_COVERAGE = 0.55;
const MOST_FOLLOW_UP_UNITS = 4;
/** One clause of a sentence is answered alone from this coverage on. */
const MIN_CLAUSE_COVERAGE = 0.65;

/** Sentences of a message that are tried in parts, too. */
const PARTED_SENTENCES = 5;

/** What a part of a message asks for. */
export type Found =
  | { kind: 'topic'; topic: number; score: number; coverage: number }
  | { kind: 'days'; dates: string[] };

export interface Understanding {
  /** In the order in which they were asked; empty where nothing was understood. */
  found: Found[];
  /** Where nothing was: the closest topics, best first. */
  offered: number[];
  candidates: Candidate[];
  unknownWords: string[];
}

export interface Context {
  /** What the conversation was about before. */
  previous?: { topic: number } | undefined;
  now: Date;
}

interface Part {
  found: Found[];
  coverage: number;
  candidates: Candidate[];
  units: readonly Unit[];
  unknown: string[];
  /** Positions of the words that name days. */
  days: ReadonlySet<number>;
  /** It names a day that no calendar has, and asks for nothing but the hours. */
  isUnreadable?: true;
  /** The hours of the days that it names, where it names nothing else. */
  bare?: Found;
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
  const asks = (sentence: string): boolean => {
    const said = words(sentence);
    return knowledge.languages.some(({ asking, joins }) => {
      const join = joins.find((phrase) => phrase.every((word, at) => said[at] === word));
      return asking.has(said[join?.length ?? 0] ?? '');
    });
  };
  const sentences = sentencesOf(text, asks);
  const parts = sentences.map((sentence, at) => ({
    sentence,
    part: readSentence(sentence.text, knowledge, { today, mayBeParted: at < PARTED_SENTENCES }),
  }));
  const followUp =
    context.previous && sentences.length === 1
      ? followUpOf(text, context.previous.topic, parts[0]?.part, knowledge, today)
      : undefined;
  if (followUp) return understandingOf([followUp]);
  const confident = parts.filter(({ part }) => part.found.length > 0);
  const asked = confident.filter(({ sentence }) => sentence.isQuestion);
  const chosen = distinct((asked.length > 0 ? asked : confident).flatMap(({ part }) => part.found));
  if (chosen.length > 0)
    return { ...understandingOf(chosen), ...explanationOf(parts.map(({ part }) => part)) };
  const whole =
    sentences.length > 1 ? readSentence(text, knowledge, { today, mayBeParted: false }) : parts[0]?.part;
  if (!whole) return understandingOf([]);
  if (!context.previous && whole.bare) return { ...understandingOf([whole.bare]), ...explanationOf([whole]) };
  const offered = whole.candidates
    .filter(({ score, matches }) => score >= MIN_OFFER_SCORE && matches.some(({ weight }) => weight >= 0.5))
    .slice(0, MOST_OFFERED)
    .map(({ topic }) => topic);
  return { found: whole.found, offered: whole.found.length > 0 ? [] : offered, ...explanationOf([whole]) };
}

const understandingOf = (found: Found[]): Understanding => ({
  found,
  offered: [],
  candidates: [],
  unknownWords: [],
});

const explanationOf = (parts: readonly Part[]): Pick<Understanding, 'candidates' | 'unknownWords'> => ({
  candidates: parts.flatMap(({ candidates }) => candidates).toSorted((one, other) => other.score - one.score),
  unknownWords: parts.flatMap(({ unknown }) => unknown),
});

function distinct(found: readonly Found[]): Found[] {
  const seen = new Set<string>();
  return found
    .filter((one) => {
      const key = one.kind === 'topic' ? String(one.topic) : one.dates.join();
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MOST_ANSWERS);
}

/** Reads a sentence as a whole, and as two where its halves ask for different things. */
function readSentence(
  text: string,
  knowledge: Knowledge,
  { today, mayBeParted }: { today: string; mayBeParted: boolean },
): Part {
  const corrected = correctedWordsOf(text, knowledge).slice(0, SENTENCE_WORDS);
  const whole = readClause(corrected, text, knowledge, today);
  if (whole.isUnreadable) return whole;
  const said = corrected.map(({ word }) => word);
  let clause: Part | undefined;
  const cuts = mayBeParted ? cutsOf(said, commasOf(text), knowledge.languages) : [];
  for (const { end, begin } of cuts) {
    const [first, second] = readHalves(corrected, text, { end, begin }, knowledge, today);
    const both = distinct([...first.found, ...second.found]);
    for (const one of [first, second]) {
      const isTelling = one.units.some((unit) => !unit.isCommon && !isAttribute(unit));
      const isTopic = one.found[0]?.kind === 'topic';
      const isClause = isTopic && isTelling && one.coverage >= MIN_CLAUSE_COVERAGE;
      if (isClause && one.coverage > (clause?.coverage ?? 0)) clause = one;
    }
    // `Saturday, 28 March` is one day.
    const isInDay = end === begin && whole.days.has(end - 1) && whole.days.has(begin);
    if (both.length < 2 || isInDay) continue;
    const coverage = (first.coverage + second.coverage) / 2;
    if (whole.coverage < 0.8 || coverage > whole.coverage + 0.1) {
      const rest = readRest(corrected.slice(begin), knowledge, today);
      return { ...whole, found: distinct([...first.found, ...(rest ?? second.found)]), coverage };
    }
  }
  // `Our flight is late, could you keep our bags?`
  const [likeliest] = whole.candidates;
  const isLikeliest = clause?.found.some((one) => one.kind === 'topic' && one.topic === likeliest?.topic);
  return whole.found.length === 0 && clause && isLikeliest === true ? clause : whole;
}

function readHalves(
  corrected: readonly CorrectedWord[],
  text: string,
  { end, begin }: { end: number; begin: number },
  knowledge: Knowledge,
  today: string,
): [Part, Part] {
  const said = corrected.map(({ word }) => word);
  return [
    readClause(corrected.slice(0, end), textOf(text, said, 0, end), knowledge, today),
    readClause(corrected.slice(begin), textOf(text, said, begin, said.length), knowledge, today),
  ];
}

/** What two of three questions ask: of the rest behind a cut, which may be cut once more. */
function readRest(
  corrected: readonly CorrectedWord[],
  knowledge: Knowledge,
  today: string,
): Found[] | undefined {
  const said = corrected.map(({ word }) => word);
  for (const cut of cutsOf(said, new Set(), knowledge.languages)) {
    const halves = readHalves(corrected, said.join(' '), cut, knowledge, today);
    const both = distinct(halves.flatMap(({ found }) => found));
    if (both.length >= 2) return both;
  }
  return undefined;
}

/** Positions of the words after a comma or a slash, in the text as it was sent. */
function commasOf(text: string): Set<number> {
  const positions = new Set<number>();
  let at = 0;
  for (const piece of text.split(/(?<!\d)[,/،]|[,/،](?!\d)| - /u)) {
    at += words(piece).length;
    positions.add(at);
  }
  return positions;
}

/** Whether the words beside those at the positions say nothing: `what about`, `and on`. */
function areFillers(
  said: readonly string[],
  languages: readonly Language[],
  ownDays: DayLanguage,
  positions: ReadonlySet<number>,
): boolean {
  const taken = new Set(positions);
  for (const { leaning: phrases, joins, days } of languages) {
    for (const phrase of [...phrases, ...joins, ...days.before, ...days.either]) {
      for (const at of said.keys()) {
        if (phrase.every((word, offset) => said[at + offset] === word))
          for (const offset of phrase.keys()) taken.add(at + offset);
      }
    }
  }
  const isFiller = (word: string): boolean =>
    languages.some(({ asking, fillers }) => fillers.has(word) && !asking.has(word)) ||
    (!languages.some(({ code }) => code === ownDays.code) && ownDays.isStopWord(word));
  return said.every((word, at) => taken.has(at) || isFiller(word));
}

const dayLanguages = (spoken: readonly Language[], { own, ownDays }: Knowledge): DayLanguage[] => [
  ...new Set([...spoken, own, ownDays]),
];

function readClause(
  corrected: readonly CorrectedWord[],
  raw: string,
  knowledge: Knowledge,
  today: string,
): Part {
  const said = corrected.map(({ word }) => word);
  const spoken = languagesOf(said, knowledge.languages, knowledge.own);
  const days = findDays(said, raw, today, dayLanguages(spoken, knowledge));
  const { positions } = findSmallTalk(said, spoken);
  const skipped = [...days.positions].filter((at) => !days.holidays.has(at));
  const analysis = analyse(corrected, knowledge.analyser, new Set([...skipped, ...positions]));
  const units = analysis.units.slice(0, SENTENCE_WORDS);
  const { candidates, unknown } = knowledge.topics.rank({ units });
  const best = confidentOf(candidates, units);
  const isUnreadable = days.isUnreadable && (best === undefined || best.topic === knowledge.hoursTopic);
  const isBare =
    days.dates.every((date) => date >= today) &&
    [...days.positions].some((at) => !positions.has(at)) &&
    areFillers(said, spoken, knowledge.ownDays, new Set([...days.positions, ...positions]));
  const hours: Found = days.isStretch
    ? { kind: 'topic', topic: knowledge.hoursTopic, score: 1, coverage: 1 }
    : { kind: 'days', dates: days.dates };
  const part: Omit<Part, 'found'> = {
    candidates,
    units,
    unknown,
    days: days.positions,
    coverage: best?.coverage ?? 0,
    ...(isUnreadable && { isUnreadable }),
    ...(isBare && days.dates.length > 0 && { bare: hours }),
  };
  if (isUnreadable) return { ...part, found: [] };
  if (days.dates.length > 0) {
    const isHours = best?.topic === knowledge.hoursTopic;
    const presence = presenceOf(analysis, days.positions);
    const others = units.filter(({ at, length }) => !range(at, length).every((one) => presence.has(one)));
    const other =
      others.length === 0
        ? undefined
        : confidentOf(knowledge.topics.rank({ units: others }).candidates, others);
    const isOther = best !== undefined && !isHours && (other?.topic === best.topic || presence.size === 0);
    const isStrange = units.some(
      ({ text, at }) => unknown.includes(text) && !presence.has(at) && !days.holidays.has(at),
    );
    if (!isOther && (isHours || (presence.size > 0 && !isStrange)))
      return {
        ...part,
        found: [hours],
        coverage: Math.max(0.6, part.coverage),
      };
  }
  if (!best) return { ...part, found: [] };
  const { topic, score, coverage } = best;
  return { ...part, found: [{ kind: 'topic', topic, score, coverage }] };
}

/** Positions of the words that ask whether somebody is there. */
function presenceOf({ words: said, languages }: Analysis, skipped: ReadonlySet<number>): Set<number> {
  const positions = new Set<number>();
  for (const language of languages) {
    const keys = said.map((word, at) => (skipped.has(at) ? [] : language.keys(word)));
    for (const at of said.keys()) {
      const found = language.presence.at(keys, at);
      for (let one = at; one < at + (found?.length ?? 0); one++) positions.add(one);
    }
  }
  return positions;
}

/** What a short message asks that leans on the topic before: `and on Saturday?`, `how long do they last?`. */
function followUpOf(
  text: string,
  previous: number,
  part: Part | undefined,
  knowledge: Knowledge,
  today: string,
): Found | undefined {
  if (!part) return undefined;
  const said = correctedWordsOf(text, knowledge).map(({ word }) => word);
  const spoken = languagesOf(said, knowledge.languages, knowledge.own);
  const days = findDays(said, text, today, dayLanguages(spoken, knowledge));
  const { units } = part;
  if (units.length > MOST_FOLLOW_UP_UNITS) return undefined;
  if (part.isUnreadable) return undefined;
  const [ownFound] = part.found;
  const isDays = ownFound === undefined || ownFound.kind === 'days';
  if (previous === knowledge.hoursTopic && part.bare && isDays) return part.bare;
  if (previous === knowledge.hoursTopic && days.dates.length > 0 && isDays)
    return { kind: 'days', dates: days.dates };
  if (units.length === 0) return undefined;
  const leans =
    spoken.some(({ leaning: phrases }) =>
      phrases.some((phrase) =>
        said.some((_, at) => phrase.every((word, offset) => said[at + offset] === word)),
      ),
    ) || part.found.length === 0;
  const coverage = knowledge.topics.followUpCoverage(previous, units);
  const own = ownFound?.kind === 'topic' ? ownFound.coverage : 0;
  // The topic before has all of it, and no other has.
  const isWhole = coverage >= 0.8 && own < 0.75;
  if (!leans && !isWhole) return undefined;
  if (coverage < MIN_FOLLOW_UP_COVERAGE || coverage < own - 0.25) return undefined;
  return { kind: 'topic', topic: previous, score: coverage, coverage };
}
