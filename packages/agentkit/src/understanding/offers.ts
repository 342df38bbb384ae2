import { fillTemplate } from '../template.ts';
import { words } from './fold.ts';
import type { Language } from './language.ts';

/** Outbound messages in which an offer is looked for, the latest first. */
const MAX_OFFER_AGE = 4;
/** Tokens of a message that chooses from an offer. */
const MAX_CHOICE_WORDS = 8;
/** Share of a message's tokens that the offered question must have which it repeats. */
const MIN_REPEATED_SHARE = 0.7;
const MIN_REPEATED_MARGIN = 0.2;
const numberedLine = /^(\d)\. (.+)$/gmu;

/** Writes the offered questions as a numbered list. */
export const writeOffer = (template: string, questions: readonly string[]): string =>
  fillTemplate(template, {
    questions: questions.map((question, at) => `${at + 1}. ${question}`).join('\n'),
  });

/** The latest offer of the business, with its questions in order. Both are empty if there is none. */
export function latestOffer(outbound: readonly string[]): { text: string; questions: string[] } {
  for (const text of outbound.slice(-MAX_OFFER_AGE).toReversed()) {
    const questions = [...text.matchAll(numberedLine)].map(([, , question = '']) => question);
    if (questions.length > 0) return { text, questions };
  }
  return { text: '', questions: [] };
}

/**
 * Reads which of the offered questions a message chooses by number.
 * @param count how many questions were offered
 * @returns positions from 0; `none` if the message turns all of them down; undefined if it does neither
 */
export function readChoice(
  tokens: readonly string[],
  count: number,
  languages: readonly Language[],
): number[] | 'none' | undefined {
  if (tokens.length === 0 || tokens.length > MAX_CHOICE_WORDS) return undefined;
  const startsAt = (phrase: readonly string[], at: number): boolean =>
    phrase.every((word, offset) => tokens[at + offset] === word);
  const isWholeMessage = (phrase: readonly string[]): boolean =>
    phrase.length === tokens.length && startsAt(phrase, 0);
  if (languages.some(({ noneOfThese }) => noneOfThese.some(isWholeMessage))) return 'none';
  if (languages.some(({ allOfThese }) => allOfThese.some(isWholeMessage)))
    return Array.from({ length: count }, (_, at) => at);
  const chosen = new Set<number>();
  const unread = new Set(tokens.keys());
  // Longest first, so that `the second one` is not read as `one`.
  const ordinals = languages
    .flatMap((language) =>
      [...language.ordinals].flatMap(([number, phrases]) => phrases.map((phrase) => ({ number, phrase }))),
    )
    .toSorted((one, other) => other.phrase.length - one.phrase.length);
  for (const { number, phrase } of ordinals) {
    for (let at = 0; at + phrase.length <= tokens.length; at++) {
      if (!startsAt(phrase, at) || !phrase.every((_, offset) => unread.has(at + offset))) continue;
      if (number <= count) chosen.add(number - 1);
      for (const offset of phrase.keys()) unread.delete(at + offset);
    }
  }
  for (const at of unread) {
    const word = tokens[at] ?? '';
    if (!/^[1-9]$/.test(word) || Number(word) > count) continue;
    chosen.add(Number(word) - 1);
    unread.delete(at);
  }
  const isFiller = (word: string): boolean =>
    languages.some(
      ({ fillers, smallTalkFillers, joins, choiceWords }) =>
        choiceWords.has(word) ||
        fillers.has(word) ||
        smallTalkFillers.has(word) ||
        joins.some(([join, ...more]) => join === word && more.length === 0),
    );
  if (chosen.size === 0 || [...unread].some((at) => !isFiller(tokens[at] ?? ''))) return undefined;
  return [...chosen];
}

/** The position of the offered question that has most of a message's words, if no other has nearly as many. */
export function closestOffered(tokens: readonly string[], offered: readonly string[]): number | undefined {
  if (tokens.length < 2) return undefined;
  const shares = offered.map((question) => {
    const questionWords = new Set(words(question));
    return tokens.filter((word) => questionWords.has(word)).length / tokens.length;
  });
  const best = Math.max(...shares);
  const near = shares.filter((share) => share > best - MIN_REPEATED_MARGIN);
  return best >= MIN_REPEATED_SHARE && near.length === 1 ? shares.indexOf(best) : undefined;
}
