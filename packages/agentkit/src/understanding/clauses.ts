import { words } from './fold.ts';
import type { Language } from './language.ts';

/** Sentences of a message that are read. */
const MAX_SENTENCES = 40;
/** Words of all sentences together. The sentence that exceeds them is the last one that is read. */
const MAX_WORDS = 400;
/** Words of a sentence. A longer one is read as several. */
export const MAX_SENTENCE_WORDS = 60;
/** Places at which a sentence may be split. */
const MAX_SPLIT_POINTS = 8;

export interface Sentence {
  text: string;
  isQuestion: boolean;
}

/** The sentences of a message, questions first, each group in order. */
export function sentencesOf(text: string, asks: (sentence: string) => boolean): Sentence[] {
  // A full stop after a digit does not end a sentence: `14. Mai`, `1.150`.
  const sentences = text
    .split(/(?<=[!?;\n؟…])|(?<=(?<!\d)\.)|(?=[¿¡])/u)
    .flatMap((sentence) => (/\p{L}/u.test(sentence) ? chunks(sentence) : []))
    .map((sentence) => ({ text: sentence.trim(), isQuestion: /[?؟]/.test(sentence) || asks(sentence) }));
  const ordered = [
    ...sentences.filter((one) => one.isQuestion),
    ...sentences.filter((one) => !one.isQuestion),
  ];
  let wordsLeft = MAX_WORDS;
  return ordered.slice(0, MAX_SENTENCES).filter((one) => {
    const isWithinLimit = wordsLeft > 0;
    wordsLeft -= one.text.split(/\s+/u).length;
    return isWithinLimit;
  });
}

/** Cuts a sentence of too many words into several. */
function chunks(sentence: string): string[] {
  const pieces = sentence.split(/\s+/u);
  if (pieces.length <= MAX_SENTENCE_WORDS) return [sentence];
  return Array.from({ length: Math.ceil(pieces.length / MAX_SENTENCE_WORDS) }, (_, at) =>
    pieces.slice(at * MAX_SENTENCE_WORDS, (at + 1) * MAX_SENTENCE_WORDS).join(' '),
  );
}

/**
 * The places at which a sentence may be split into two questions: at a comma or a slash, around a joining word such as `and`, and before
 * a word with a joining prefix, such as `ואיפה`.
 * @param commas positions of the tokens that follow a comma or a slash
 * @returns pairs of token positions: the end of the first part, and the begin of the second
 */
export function splitPoints(
  tokens: readonly string[],
  commas: ReadonlySet<number>,
  languages: readonly Language[],
): { end: number; begin: number }[] {
  const points: { end: number; begin: number }[] = [];
  for (let at = 1; at < tokens.length; at++) {
    const join = languages
      .flatMap(({ joins }) => joins)
      .filter((phrase) => phrase.every((word, offset) => tokens[at + offset] === word))
      .toSorted((one, other) => other.length - one.length)[0];
    if (join && at + join.length < tokens.length) points.push({ end: at, begin: at + join.length });
    else if (commas.has(at) || hasJoinPrefix(tokens[at] ?? '', languages))
      points.push({ end: at, begin: at });
  }
  return points.slice(0, MAX_SPLIT_POINTS);
}

/**
 * The part of a text that the tokens from `begin` to `end` stand for, as it was written: `25.12.` stays a date. If corrections changed the
 * number of tokens, and the part cannot be found, the tokens joined by spaces.
 */
export function originalText(text: string, tokens: readonly string[], begin: number, end: number): string {
  const places = Array.from(text.matchAll(/[\p{L}\p{N}\p{M}'’‘`´׳"״]+/gu)).filter(([word]) =>
    /[\p{L}\p{N}]/u.test(word),
  );
  // Counted from the end of the text, in case tokens before this part were added or removed.
  const shift = begin === 0 ? 0 : places.length - tokens.length;
  const isSame = tokens
    .slice(begin, end)
    .every((word, offset) => words(places[begin + shift + offset]?.[0] ?? '')[0] === word);
  if (places.length !== tokens.length && !isSame) return tokens.slice(begin, end).join(' ');
  return text.slice(places[begin + shift]?.index ?? text.length, places[end + shift]?.index ?? text.length);
}

const hasJoinPrefix = (word: string, languages: readonly Language[]): boolean =>
  languages.some(
    ({ joinPrefix, vocabulary }) =>
      joinPrefix !== undefined &&
      word.startsWith(joinPrefix) &&
      vocabulary.has(word.slice(joinPrefix.length)),
  );
