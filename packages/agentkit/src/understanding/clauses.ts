import { words } from './fold.ts';
import type { Language } from './language.ts';

/** Sentences of a message that are looked at. */
const MOST_SENTENCES = 40;
/** Words of all sentences together that are looked at; the sentence that exceeds them is the last. */
const MOST_WORDS = 400;
/** Words of a sentence; a longer one is taken for several. */
export const SENTENCE_WORDS = 60;
/** Places at which a sentence is tried to be parted. */
const MOST_CUTS = 8;

export interface Sentence {
  text: string;
  isQuestion: boolean;
}

/** The sentences of a message, questions first, each group in order. */
export function sentencesOf(text: string, asks: (sentence: string) => boolean): Sentence[] {
  // Not `14. Mai` and `1.150`.
  const sentences = text
    .split(/(?<=[!?;\n؟…])|(?<=(?<!\d)\.)|(?=[¿¡])/u)
    .flatMap((sentence) => (/\p{L}/u.test(sentence) ? chunks(sentence) : []))
    .map((sentence) => ({ text: sentence.trim(), isQuestion: /[?؟]/.test(sentence) || asks(sentence) }));
  const ordered = [
    ...sentences.filter((one) => one.isQuestion),
    ...sentences.filter((one) => !one.isQuestion),
  ];
  let left = MOST_WORDS;
  return ordered.slice(0, MOST_SENTENCES).filter((one) => {
    const isRead = left > 0;
    left -= one.text.split(/\s+/u).length;
    return isRead;
  });
}

/** A long sentence in pieces. */
function chunks(sentence: string): string[] {
  const pieces = sentence.split(/\s+/u);
  if (pieces.length <= SENTENCE_WORDS) return [sentence];
  return Array.from({ length: Math.ceil(pieces.length / SENTENCE_WORDS) }, (_, at) =>
    pieces.slice(at * SENTENCE_WORDS, (at + 1) * SENTENCE_WORDS).join(' '),
  );
}

/**
 * The places at which a sentence may be parted into two questions: before a comma or a slash, around words such as `and` and before a
 * word that begins with one: `ואיפה`.
 * @returns pairs of word positions: the end of the first part, the begin of the second
 */
export function cutsOf(
  said: readonly string[],
  commas: ReadonlySet<number>,
  languages: readonly Language[],
): { end: number; begin: number }[] {
  const cuts: { end: number; begin: number }[] = [];
  for (let at = 1; at < said.length; at++) {
    const join = languages
      .flatMap(({ joins }) => joins)
      .filter((phrase) => phrase.every((word, offset) => said[at + offset] === word))
      .toSorted((one, other) => other.length - one.length)[0];
    if (join && at + join.length < said.length) cuts.push({ end: at, begin: at + join.length });
    else if (commas.has(at) || isJoined(said[at] ?? '', languages)) cuts.push({ end: at, begin: at });
  }
  return cuts.slice(0, MOST_CUTS);
}

/**
 * The text of some words as it was written, so that `25.12.` stays a date; the words alone where corrections made more or fewer of
 * them.
 */
export function textOf(text: string, said: readonly string[], begin: number, end: number): string {
  const places = Array.from(text.matchAll(/[\p{L}\p{N}\p{M}'’‘`´׳"״]+/gu)).filter(([word]) =>
    /[\p{L}\p{N}]/u.test(word),
  );
  // From the end where words before were put in or left out.
  const shift = begin === 0 ? 0 : places.length - said.length;
  const isSame = said
    .slice(begin, end)
    .every((word, offset) => words(places[begin + shift + offset]?.[0] ?? '')[0] === word);
  if (places.length !== said.length && !isSame) return said.slice(begin, end).join(' ');
  return text.slice(places[begin + shift]?.index ?? text.length, places[end + shift]?.index ?? text.length);
}

const isJoined = (word: string, languages: readonly Language[]): boolean =>
  languages.some(
    ({ joinPrefix, vocabulary }) =>
      joinPrefix !== undefined &&
      word.startsWith(joinPrefix) &&
      vocabulary.has(word.slice(joinPrefix.length)),
  );
