import type { Corrector } from './corrector.ts';
import { WORD_LENGTH } from './corrector.ts';
import type { Language } from './language.ts';
import { range } from './range.ts';

/** A corrected word counts a little less. */
const CORRECTED = 0.92;
/** The parts of a compound: the last one says what it is. */
const HEAD = 0.8;
const MODIFIER = 0.3;

/** How a word may be found: each key is a stem, or a notion with `#` before it. */
interface Feature {
  key: string;
  weight: number;
}

/** What a question asks with: a word that carries meaning, or a phrase that stands for a notion. */
export interface Unit {
  text: string;
  /** Position of its first word. */
  at: number;
  length: number;
  features: Feature[];
  notions: readonly string[];
  /** A stop word that stands for a notion: `where`. */
  isStop: boolean;
  /** An everyday word. */
  isCommon: boolean;
}

export interface Analysis {
  /** With chat spelling written out and mistakes corrected: what rules look at. */
  words: string[];
  units: Unit[];
  languages: readonly Language[];
}

export interface Analyser {
  languages: readonly Language[];
  /** The profile's. */
  own: Language;
  corrector: Corrector;
  /** Whether a word is one of the profile's own. */
  isOwn: (word: string) => boolean;
}

/**
 * The languages that a text may be in: those that know the most of its words, and others that know nearly as many. Where the preferred
 * one is among them, others must know more than it.
 */
export function languagesOf(
  said: readonly string[],
  languages: readonly Language[],
  preferred?: Language,
): Language[] {
  const counts = languages.map((language) => ({
    language,
    count: said.reduce(
      (sum, word) =>
        sum +
        (language.isStopWord(word)
          ? 1.1
          : language.vocabulary.has(word) || language.spelling.has(word)
            ? 1
            : 0),
      0,
    ),
  }));
  const most = Math.max(0, ...counts.map(({ count }) => count));
  const likely = counts.filter(({ count }) => count >= most * 0.85);
  const own = likely.find(({ language }) => language === preferred);
  return likely.filter((one) => !own || one === own || one.count > own.count).map(({ language }) => language);
}

/** Writes out chat spelling and corrects words that no language and no profile knows. */
export function correctedWords(
  said: readonly string[],
  { languages, own, corrector, isOwn }: Analyser,
): { word: string; from?: string }[] {
  const spoken = languagesOf(said, languages, own);
  const isKnown = (word: string): boolean =>
    isOwn(word) || languages.some((language) => language.vocabulary.has(word));
  const joined: string[] = [];
  for (let at = 0; at < said.length; at++) {
    const [word = '', next = ''] = [said[at], said[at + 1]];
    const isOne = next !== '' && isKnown(word + next) && !(isKnown(word) && isKnown(next));
    joined.push(isOne ? word + next : word);
    if (isOne) at += 1;
  }
  return joined.flatMap((word) => {
    if (isOwn(word)) return [{ word }];
    const written = spoken
      .map((language) => language.spelling.get(word))
      .find((found) => found !== undefined);
    if (written) return written.map((one) => ({ word: one }));
    const isSpoken = (one: string): boolean => spoken.some(({ vocabulary }) => vocabulary.has(one));
    const [likeliest] = spoken;
    if (isSpoken(word) || likeliest?.knows(word) === true || word.length > WORD_LENGTH) return [{ word }];
    const [correction] = corrector.correct(word, (one) => isOwn(one) || isSpoken(one));
    return [correction === undefined ? { word } : { word: correction, from: word }];
  });
}

/** Takes a text apart into what it asks with. */
export function analyse(
  corrected: readonly { word: string; from?: string }[],
  analyser: Analyser,
  skipped: ReadonlySet<number> = new Set(),
): Analysis {
  const said = corrected.map(({ word }) => word);
  const languages = languagesOf(said, analyser.languages, analyser.own);
  const keysOf = new Map(languages.map((language) => [language, said.map((word) => language.keys(word))]));
  const covered = new Set<number>(skipped);
  const units: Unit[] = [];

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
  /** Unless a longer phrase for something else begins inside of it: of `puedo dejar el coche`, that is `dejar el coche`. */
  const longestAt = (at: number): ReturnType<typeof phraseAt> => {
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
    const word = said[at] ?? '';
    const keys = languages.flatMap((language) => language.keys(word));
    return [`=${word}`, ...keys].map((key) => ({ key, weight }));
  };
  const isStop = (at: number): boolean => languages.some((language) => language.isStopWord(said[at] ?? ''));
  const isNotion = (at: number): boolean =>
    languages.some((language) => language.notionWords.has(said[at] ?? ''));

  for (let at = 0; at < said.length; at++) {
    if (covered.has(at)) continue;
    const phrase = longestAt(at);
    const isFree = phrase !== undefined && range(at, phrase.length).every((one) => !covered.has(one));
    if (phrase && phrase.length > 1 && isFree) {
      const weight = range(at, phrase.length).some((one) => corrected[one]?.from !== undefined)
        ? CORRECTED
        : 1;
      const inside = range(at, phrase.length).filter((one) => !isStop(one));
      units.push({
        text: said.slice(at, at + phrase.length).join(' '),
        at,
        length: phrase.length,
        notions: phrase.names,
        isStop: false,
        isCommon: false,
        features: [
          ...phrase.names.map((name) => ({ key: `#${name}`, weight })),
          { key: `=${said.slice(at, at + phrase.length).join(' ')}`, weight },
          ...inside.flatMap((one) => stems(one, weight * (inside.length === 1 ? 0.9 : 0.6))),
        ],
      });
      for (const one of range(at, phrase.length)) covered.add(one);
      continue;
    }
    const word = said[at] ?? '';
    if (/^\d{1,4}(\p{L}{1,3})?$/u.test(word) && !analyser.isOwn(word)) continue;
    if (word.length > WORD_LENGTH) continue;
    if (isStop(at) && !isNotion(at)) continue;
    const from = corrected[at]?.from;
    const weight = from === undefined ? 1 : CORRECTED;
    const notions = phrase?.names ?? [];
    const features = [...stems(at, weight), ...notions.map((name) => ({ key: `#${name}`, weight }))];
    const parts = notions.length === 0 || word.length >= 9 ? compoundFeatures(word, languages, analyser) : [];
    // `Parkplatz` is no `Platz` that one books.
    features.push(...parts.filter(({ key }) => notions.length === 0 || !key.startsWith('#')));
    const isCommon = notions.length === 0 && languages.some((language) => language.isCommon(word));
    units.push({
      text: word,
      at,
      length: 1,
      notions,
      isStop: isStop(at),
      isCommon,
      features,
    });
  }
  return { words: said, units, languages };
}

const links = ['', 's', 'es', 'n', 'en', 'e', 'er'];

/** The parts of a word that runs two known ones together, as German does: `Haareschneiden`. */
function compoundFeatures(word: string, languages: readonly Language[], { isOwn }: Analyser): Feature[] {
  const features: Feature[] = [];
  if (word.length < 7) return features;
  for (const language of languages.filter(({ hasCompounds }) => hasCompounds)) {
    const isKnown = (part: string): boolean =>
      part.length >= 3 && (isOwn(part) || language.vocabulary.has(part)) && !language.isStopWord(part);
    for (let cut = word.length - 3; cut >= 3; cut--) {
      const tail = word.slice(cut);
      if (!isKnown(tail)) continue;
      const head = word.slice(0, cut);
      const link = links.find(
        (one) => head.endsWith(one) && isKnown(head.slice(0, head.length - one.length)),
      );
      if (link === undefined) continue;
      const parts = [
        { part: head.slice(0, head.length - link.length), weight: MODIFIER },
        { part: tail, weight: HEAD },
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
