import * as stopWordLists from 'stopword';
import { listedWords, words } from './fold.ts';
import type { LanguageFile } from './language-schema.ts';
import { type Pattern, compilePattern } from './patterns.ts';
import { PhraseIndex } from './phrase-index.ts';
import { KnownStems, createStems, keysBy } from './stems.ts';

export type RuleName = 'optOut' | 'optIn' | 'handOff' | 'complaint' | 'emergency' | 'identity' | 'calm';
export type SmallTalk = 'greetings' | 'thanks' | 'goodbyes' | 'acknowledgements' | 'yesOrNo';

export interface Rule {
  patterns: readonly Pattern[];
  /** Where one of these matches, the rule does not apply. */
  exceptions: readonly Pattern[];
}

/** A language as its files in `languages/` describe it. Phrases are lists of folded words. */
export interface Language {
  /** ISO 639-1, such as `en`. */
  code: string;
  /** The keys by which words are compared: the stem, or several if the word may have a prefix. Each begins with the language's code. */
  keys(word: string): readonly string[];
  /** The keys of a dictionary form: no prefix is removed. */
  lemmaKeys(word: string): readonly string[];
  isStopWord(word: string): boolean;
  /** Whether the language's files contain the word or another form of it. */
  knows(word: string): boolean;
  /** Whether it is an everyday word that says little about the question. */
  isCommon(word: string): boolean;
  /** All words of the files, for corrections. */
  vocabulary: ReadonlySet<string>;
  hasCompounds: boolean;
  spelling: ReadonlyMap<string, readonly string[]>;
  joins: readonly string[][];
  /** A prefix that means "and", such as Hebrew `ו`. */
  joinPrefix: string | undefined;
  /** Phrases that make a short question a follow-up to the one before. */
  followUp: readonly string[][];
  asking: ReadonlySet<string>;
  fillers: ReadonlySet<string>;
  sets: ReadonlyMap<string, readonly string[]>;
  rules: Record<RuleName, Rule>;
  /** The `handOff` rule with further words for a person. */
  handOffTo(people: readonly string[]): Rule;
  smallTalk: Record<SmallTalk, readonly string[][]>;
  smallTalkFillers: ReadonlySet<string>;
  notions: PhraseIndex;
  /** The phrases of notions that are a single word. */
  notionWords: ReadonlySet<string>;
  presence: PhraseIndex;
  days: LanguageDays;
  ordinals: ReadonlyMap<number, readonly string[][]>;
  /** Words beside the number of a choice: `option 2`. */
  choiceWords: ReadonlySet<string>;
  noneOfThese: readonly string[][];
  /** Words that answer a question with yes. */
  yes: ReadonlySet<string>;
  /** Phrases such as `both` and `all of them`. */
  allOfThese: readonly string[][];
  texts: LanguageFile['texts'];
}

export interface LanguageDays {
  /** Days from today. */
  relative: readonly { phrase: string[]; days: number }[];
  /** 0 is Sunday. */
  weekdays: readonly { phrase: string[]; weekday: number }[];
  /** `MM-DD` */
  holidays: readonly { phrase: string[]; date: string }[];
  /** Holidays that move with the year, by their names in feasts.ts. */
  movable: readonly { phrase: string[]; feast: string }[];
  weekend: readonly string[][];
  weekendDays: readonly number[];
  now: readonly string[][];
  /** `either` and `until` stand between two days (`or`, `to`), `before` stands before a day (`on`). */
  either: readonly string[][];
  until: readonly string[][];
  before: readonly string[][];
  /** Phrases such as `in n days`. The word n stands for a number of units of `days` days. */
  ahead: readonly { phrase: string[]; days: number }[];
  numbers: ReadonlyMap<string, number>;
  /** Phrases such as `on the nth`. The word nth stands for an ordinal number, n for any number. */
  ofMonth: readonly string[][];
  /** Parts of a day. */
  parts: readonly string[][];
}

/** The entries of a comma-separated list. */
const listed = (text = ''): string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** Phrases as lists of folded words, longest first. */
export const phrasesOf = (text: string | readonly string[] = ''): string[][] =>
  (typeof text === 'string'
    ? listedWords(text)
    : text.map(words).filter((phrase) => phrase.length > 0)
  ).toSorted((one, other) => other.length - one.length);

/**
 * Builds a language from its files.
 * @param problems receives a message for each invalid pattern, which is left out
 */
export function createLanguage(
  code: string,
  file: LanguageFile,
  notions: Record<string, string>,
  problems: string[],
): Language {
  const stems = createStems(file);
  const keys = keysBy(code, stems);
  const hasPrefixes = file.prefixes !== undefined || file.elisions !== undefined;
  const lemmaStems = hasPrefixes ? createStems({ ...file, prefixes: '', elisions: '' }) : stems;
  const lemmaKeys = hasPrefixes ? keysBy(code, lemmaStems) : keys;
  const stopWords = new Set([
    ...((stopWordLists as Record<string, unknown>)[file.stopWords] as string[]).flatMap(words),
    ...listed(file.ignored).flatMap(words),
  ]);
  const sets = new Map(Object.entries(file.sets).map(([name, text]) => [name, listed(text)]));
  const rule = (name: RuleName, own = sets): Rule => {
    const exceptions = `not${name[0]!.toUpperCase()}${name.slice(1)}` as keyof LanguageFile['rules'];
    const compiled = (list: readonly string[] = []): Pattern[] =>
      list.flatMap((one) => {
        try {
          return [compilePattern(one, own)];
        } catch (error) {
          problems.push(`rules.${name}: ${(error as Error).message}`);
          return [];
        }
      });
    return { patterns: compiled(file.rules[name]), exceptions: compiled(file.rules[exceptions]) };
  };
  const notionIndex = new PhraseIndex(lemmaKeys, lemmaStems.forms);
  const notionPhrases = Object.entries(notions).map(([notion, text]) => ({
    notion,
    phrases: listedWords(text),
  }));
  for (const { notion, phrases } of notionPhrases) {
    for (const phrase of phrases) notionIndex.add(phrase, notion);
  }
  const allNotionPhrases = notionPhrases.flatMap(({ phrases }) => phrases);
  const presence = new PhraseIndex(lemmaKeys, lemmaStems.forms);
  for (const phrase of phrasesOf(file.presence)) presence.add(phrase, 'presence');
  const { greetings, thanks, goodbyes, acknowledgements, yesOrNo, filler } = file.smallTalk;
  const texts = [
    file.common ?? '',
    ...Object.values(file.smallTalk),
    ...Object.values(file.sets),
    file.presence,
    ...Object.values(file.days).flat(),
    ...monthsAndWeekdays(code),
    ...Object.values(file.holidays),
    ...Object.values(file.movable ?? {}),
  ];
  const vocabulary = new Set([...stopWords, ...words(texts.join('\n')), ...allNotionPhrases.flat()]);
  const stemOf = (key: string): string => key.slice(code.length + 1);
  const commonStems = new KnownStems(listedWords(file.common ?? '').flat(), stems);
  const knownStems = new KnownStems(vocabulary, stems);
  return {
    code,
    keys,
    lemmaKeys,
    isStopWord: (word) => stopWords.has(word),
    isCommon: (word) => keys(word).some((key) => commonStems.has(stemOf(key))),
    knows: (word) => vocabulary.has(word) || keys(word).some((key) => knownStems.has(stemOf(key))),
    vocabulary,
    hasCompounds: file.compounds ?? false,
    spelling: new Map(
      Object.entries(file.spelling).map(([short, long]) => [words(short).join(''), words(long)]),
    ),
    joins: phrasesOf(file.joins),
    joinPrefix: file.joinPrefix,
    followUp: phrasesOf(file.followUp),
    asking: new Set(listed(file.asking).flatMap(words)),
    fillers: new Set(listed(file.sets.filler).flatMap(words)),
    sets,
    rules: {
      optOut: rule('optOut'),
      optIn: rule('optIn'),
      handOff: rule('handOff'),
      complaint: rule('complaint'),
      emergency: rule('emergency'),
      identity: rule('identity'),
      calm: rule('calm'),
    },
    handOffTo: (people) =>
      rule('handOff', new Map([...sets, ['person', [...(sets.get('person') ?? []), ...people]]])),
    smallTalk: {
      greetings: phrasesOf(greetings),
      thanks: phrasesOf(thanks),
      goodbyes: phrasesOf(goodbyes),
      acknowledgements: phrasesOf(acknowledgements),
      yesOrNo: phrasesOf(yesOrNo),
    },
    smallTalkFillers: new Set(listed(filler).flatMap(words)),
    notions: notionIndex,
    notionWords: new Set(allNotionPhrases.flatMap((phrase) => (phrase.length === 1 ? phrase : []))),
    presence,
    days: daysOf(file),
    ordinals: new Map(Object.entries(file.ordinals).map(([at, list]) => [Number(at), phrasesOf(list)])),
    noneOfThese: phrasesOf(file.noneOfThese),
    allOfThese: phrasesOf(file.allOfThese ?? []),
    yes: new Set((file.yes ?? []).flatMap(words)),
    choiceWords: new Set((file.choiceWords ?? []).flatMap(words)),
    texts: file.texts,
  };
}

function monthsAndWeekdays(code: string): string[] {
  const weekday = new Intl.DateTimeFormat(code, { weekday: 'long', timeZone: 'UTC' });
  const month = new Intl.DateTimeFormat(code, { month: 'long', timeZone: 'UTC' });
  const count = (length: number): number[] => Array.from({ length }, (_, at) => at);
  return [
    ...count(7).map((at) => weekday.format(Date.UTC(2023, 0, 1 + at, 12))),
    ...count(12).map((at) => month.format(Date.UTC(2023, at, 15, 12))),
  ];
}

function daysOf(file: LanguageFile): LanguageDays {
  return {
    relative: Object.entries(file.days).flatMap(([days, list]) =>
      phrasesOf(list).map((phrase) => ({ phrase, days: Number(days) })),
    ),
    weekdays: Object.entries(file.weekdays ?? {}).flatMap(([weekday, list]) =>
      phrasesOf(list).map((phrase) => ({ phrase, weekday: Number(weekday) })),
    ),
    holidays: Object.entries(file.holidays).flatMap(([date, list]) =>
      phrasesOf(list).map((phrase) => ({ phrase, date })),
    ),
    movable: Object.entries(file.movable ?? {}).flatMap(([feast, list]) =>
      phrasesOf(list).map((phrase) => ({ phrase, feast })),
    ),
    weekend: phrasesOf(file.weekend),
    weekendDays: file.weekendDays ?? [6, 0],
    now: phrasesOf(file.now),
    either: phrasesOf(file.dayWords?.either),
    until: phrasesOf(file.dayWords?.until),
    before: phrasesOf(file.dayWords?.before),
    ahead: [
      ...phrasesOf(file.dayWords?.inDays).map((phrase) => ({ phrase, days: 1 })),
      ...phrasesOf(file.dayWords?.inWeeks).map((phrase) => ({ phrase, days: 7 })),
    ],
    numbers: new Map(
      phrasesOf(file.dayWords?.numbers)
        .flat()
        .map((word, at) => [word, at + 1]),
    ),
    ofMonth: phrasesOf(file.dayWords?.ofMonth),
    parts: phrasesOf(file.dayWords?.parts),
  };
}
