import type { Corrector } from './corrector.ts';
import { MAX_WORD_LENGTH } from './corrector.ts';
import type { Language } from './language.ts';
import { range } from './range.ts';

/** A stop word tells the language a little better than other words, which languages share more often. */
const STOP_WORD_WEIGHT = 1.1;
/** A text may also be in a language that knows this share of the words that the best one knows. */
const LIKELY_SHARE = 0.85;
/** A corrected word counts a little less than one that was written correctly. */
const CORRECTED_WEIGHT = 0.92;
/** Weights of the parts of a compound. Its last part, the head, says what it is. */
const COMPOUND_HEAD_WEIGHT = 0.8;
const COMPOUND_MODIFIER_WEIGHT = 0.3;

/**
 * A key by which a term is looked up, with its weight. Keys are `=word` for the word itself, `en:stem` for a stem, and `#notion` for a
 * notion: a set of synonyms with one name in all languages, such as `#price` (see `languages/notions`).
 */
interface Feature {
  key: string;
  weight: number;
}

/** A word of a question that carries meaning, or a phrase that stands for a notion. */
export interface Term {
  text: string;
  /** Position of its first token. */
  at: number;
  length: number;
  features: Feature[];
  notions: readonly string[];
  /** It is a stop word that stands for a notion, such as `where`. */
  isStop: boolean;
  /** It is an everyday word without a notion: it tells little about the question. */
  isCommon: boolean;
}

/** A token of a message, and what the customer typed if it was corrected. */
export interface CorrectedToken {
  word: string;
  typed?: string;
}

export interface Analysis {
  /** The corrected tokens. */
  words: string[];
  terms: Term[];
  languages: readonly Language[];
}

/** All words that messages to a business are read with. */
export interface Lexicon {
  languages: readonly Language[];
  profileLanguage: Language;
  corrector: Corrector;
  /** Whether a word stands in a question of the profile. */
  isProfileWord: (word: string) => boolean;
}

/**
 * The languages that a text may be in: the one that knows most of its words, and those that know nearly as many. If the preferred
 * language is among them, another one must know more words than it to be included.
 */
export function detectLanguages(
  tokens: readonly string[],
  languages: readonly Language[],
  preferred?: Language,
): Language[] {
  const counts = languages.map((language) => ({
    language,
    count: tokens.reduce(
      (sum, word) =>
        sum +
        (language.isStopWord(word)
          ? STOP_WORD_WEIGHT
          : language.vocabulary.has(word) || language.spelling.has(word)
            ? 1
            : 0),
      0,
    ),
  }));
  const most = Math.max(0, ...counts.map(({ count }) => count));
  const likely = counts.filter(({ count }) => count >= most * LIKELY_SHARE);
  const preferredOne = likely.find(({ language }) => language === preferred);
  return likely
    .filter((one) => !preferredOne || one === preferredOne || one.count > preferredOne.count)
    .map(({ language }) => language);
}

/** Expands chat spelling, joins words that were split by mistake, and corrects words that are not known. */
export function correctTokens(
  tokens: readonly string[],
  { languages, profileLanguage, corrector, isProfileWord }: Lexicon,
): CorrectedToken[] {
  const spoken = detectLanguages(tokens, languages, profileLanguage);
  const isKnown = (word: string): boolean =>
    isProfileWord(word) || languages.some((language) => language.vocabulary.has(word));
  const rejoined: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [word = '', next = ''] = [tokens[at], tokens[at + 1]];
    const isSplitWord = next !== '' && isKnown(word + next) && !(isKnown(word) && isKnown(next));
    rejoined.push(isSplitWord ? word + next : word);
    if (isSplitWord) at += 1;
  }
  return rejoined.flatMap((word) => {
    if (isProfileWord(word)) return [{ word }];
    const spelledOut = spoken
      .map((language) => language.spelling.get(word))
      .find((found) => found !== undefined);
    if (spelledOut) return spelledOut.map((one) => ({ word: one }));
    const isSpoken = (one: string): boolean => spoken.some(({ vocabulary }) => vocabulary.has(one));
    const [mainLanguage] = spoken;
    if (isSpoken(word) || mainLanguage?.knows(word) === true || word.length > MAX_WORD_LENGTH)
      return [{ word }];
    const [correction] = corrector.correct(word, (one) => isProfileWord(one) || isSpoken(one));
    return [correction === undefined ? { word } : { word: correction, typed: word }];
  });
}

/**
 * Finds the terms of a text.
 * @param skipped positions of tokens that are left out
 */
export function analyse(
  corrected: readonly CorrectedToken[],
  lexicon: Lexicon,
  skipped: ReadonlySet<number> = new Set(),
): Analysis {
  const tokens = corrected.map(({ word }) => word);
  const languages = detectLanguages(tokens, lexicon.languages, lexicon.profileLanguage);
  const keysOf = new Map(languages.map((language) => [language, tokens.map((word) => language.keys(word))]));
  const covered = new Set<number>(skipped);
  const terms: Term[] = [];

  const phraseAt = (at: number): { length: number; names: string[] } | undefined => {
    let found: { length: number; names: string[] } | undefined;
    for (const [language, keys] of keysOf) {
      const phrase = language.notions.at(keys, at);
      if (!phrase || (found && phrase.length < found.length)) continue;
      found =
        found && phrase.length === found.length
          ? { length: found.length, names: [...new Set([...found.names, ...phrase.names])] }
          : phrase;
    }
    return found;
  };
  /** No phrase if a longer one for something else begins inside it: `puedo dejar` gives way to `dejar el coche`. */
  const outermostPhraseAt = (at: number): ReturnType<typeof phraseAt> => {
    const phrase = phraseAt(at);
    if (!phrase || phrase.length === 1) return phrase;
    const isPart = range(at + 1, phrase.length - 1).some((one) => {
      const inner = phraseAt(one);
      return (
        inner && inner.length > phrase.length && !inner.names.some((name) => phrase.names.includes(name))
      );
    });
    return isPart ? undefined : phrase;
  };
  const stems = (at: number, weight: number): Feature[] => {
    const word = tokens[at] ?? '';
    const keys = languages.flatMap((language) => language.keys(word));
    return [`=${word}`, ...keys].map((key) => ({ key, weight }));
  };
  const isStop = (at: number): boolean => languages.some((language) => language.isStopWord(tokens[at] ?? ''));
  const isNotion = (at: number): boolean =>
    languages.some((language) => language.notionWords.has(tokens[at] ?? ''));

  for (let at = 0; at < tokens.length; at++) {
    if (covered.has(at)) continue;
    const phrase = outermostPhraseAt(at);
    const isUncovered = phrase !== undefined && range(at, phrase.length).every((one) => !covered.has(one));
    if (phrase && phrase.length > 1 && isUncovered) {
      const weight = range(at, phrase.length).some((one) => corrected[one]?.typed !== undefined)
        ? CORRECTED_WEIGHT
        : 1;
      const inside = range(at, phrase.length).filter((one) => !isStop(one));
      terms.push({
        text: tokens.slice(at, at + phrase.length).join(' '),
        at,
        length: phrase.length,
        notions: phrase.names,
        isStop: false,
        isCommon: false,
        features: [
          ...phrase.names.map((name) => ({ key: `#${name}`, weight })),
          { key: `=${tokens.slice(at, at + phrase.length).join(' ')}`, weight },
          ...inside.flatMap((one) => stems(one, weight * (inside.length === 1 ? 0.9 : 0.6))),
        ],
      });
      for (const one of range(at, phrase.length)) covered.add(one);
      continue;
    }
    const word = tokens[at] ?? '';
    if (/^\d{1,4}(\p{L}{1,3})?$/u.test(word) && !lexicon.isProfileWord(word)) continue;
    if (word.length > MAX_WORD_LENGTH) continue;
    if (isStop(at) && !isNotion(at)) continue;
    const weight = corrected[at]?.typed === undefined ? 1 : CORRECTED_WEIGHT;
    const notions = phrase?.names ?? [];
    const features = [...stems(at, weight), ...notions.map((name) => ({ key: `#${name}`, weight }))];
    const parts = notions.length === 0 || word.length >= 9 ? compoundFeatures(word, languages, lexicon) : [];
    // `Parkplatz` (car park) must not match the notion of `Platz` (a seat to book).
    features.push(...parts.filter(({ key }) => notions.length === 0 || !key.startsWith('#')));
    const isCommon = notions.length === 0 && languages.some((language) => language.isCommon(word));
    terms.push({
      text: word,
      at,
      length: 1,
      notions,
      isStop: isStop(at),
      isCommon,
      features,
    });
  }
  return { words: tokens, terms, languages };
}

/** Letters that join the parts of a German compound. */
const linkingElements = ['', 's', 'es', 'n', 'en', 'e', 'er'];

/** Features of both parts of a compound of two known words, such as `Haareschneiden`. */
function compoundFeatures(
  word: string,
  languages: readonly Language[],
  { isProfileWord }: Lexicon,
): Feature[] {
  const features: Feature[] = [];
  if (word.length < 7) return features;
  for (const language of languages.filter(({ hasCompounds }) => hasCompounds)) {
    const isKnown = (part: string): boolean =>
      part.length >= 3 &&
      (isProfileWord(part) || language.vocabulary.has(part)) &&
      !language.isStopWord(part);
    for (let cut = word.length - 3; cut >= 3; cut--) {
      const tail = word.slice(cut);
      if (!isKnown(tail)) continue;
      const head = word.slice(0, cut);
      const link = linkingElements.find(
        (one) => head.endsWith(one) && isKnown(head.slice(0, head.length - one.length)),
      );
      if (link === undefined) continue;
      const parts = [
        { part: head.slice(0, head.length - link.length), weight: COMPOUND_MODIFIER_WEIGHT },
        { part: tail, weight: COMPOUND_HEAD_WEIGHT },
      ];
      for (const { part, weight } of parts) {
        const keys = language.keys(part);
        features.push(...keys.map((key) => ({ key, weight })));
        const notion = language.notions.at([keys], 0);
        features.push(...(notion?.names ?? []).map((name) => ({ key: `#${name}`, weight })));
      }
      break;
    }
  }
  return features;
}
