import type { Language } from './language.ts';

/** Sentences of a message that are looked at. */
const MOST_SENTENCES = 40;

export interface Sentence {
  text: string;
  isQuestion: boolean;
}

/** The sentences of a message, questions first, each group in order. */
export function sentencesOf(text: string, asks: (sentence: string) => boolean): Sentence[] {
  // Not `14. Mai` and `1.150`.
  const sentences = text
    .split(/(?<=[!?;\n؟…])|(?<=(?<!\d)\.)|(?=[¿¡])/u)
    .flatMap((sentence) => (/\p{L}/u.test(sentence) ? [sentence] : []))
    .map((sentence) => ({ text: sentence.trim(), isQuestion: /[?؟]/.test(sentence) || asks(sentence) }));
  return [...sentences.filter((one) => one.isQuestion), ...sentences.filter((one) => !one.isQuestion)].slice(
    0,
    MOST_SENTENCES,
  );
}

/**
 * The places at which a sentence may be parted into two questions: before a comma or a slash, and around words such as `and`.
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
    else if (commas.has(at)) cuts.push({ end: at, begin: at });
  }
  return cuts.slice(0, MOST_SENTENCES);
}
