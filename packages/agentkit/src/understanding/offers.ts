import { words } from './fold.ts';
import type { Language } from './language.ts';

/** An offer is answered by a number within so many messages of the business'. */
const REMEMBERED = 4;
const line = /^(\d)\. (.+)$/gmu;

/** An offer as it is written: a numbered list. */
export const writeOffer = (template: string, questions: readonly string[]): string =>
  template.replaceAll('{questions}', () =>
    questions.map((question, at) => `${at + 1}. ${question}`).join('\n'),
  );

/** The latest offer that the business made, with its questions in order; without any where there is none. */
export function latestOffer(outbound: readonly string[]): { text: string; questions: string[] } {
  for (const text of outbound.slice(-REMEMBERED).toReversed()) {
    const questions = [...text.matchAll(line)].map(([, , question = '']) => question);
    if (questions.length > 0) return { text, questions };
  }
  return { text: '', questions: [] };
}

/** Which of the offered questions a message names by number: positions from 0; `none` where it names none of them expressly. */
export function chosenOf(
  said: readonly string[],
  offered: number,
  languages: readonly Language[],
): number[] | 'none' | undefined {
  if (said.length === 0 || said.length > 8) return undefined;
  const is = (phrase: readonly string[], at: number): boolean =>
    phrase.every((word, offset) => said[at + offset] === word);
  if (
    languages.some(({ noneOfThese }) =>
      noneOfThese.some((phrase) => phrase.length === said.length && is(phrase, 0)),
    )
  )
    return 'none';
  const isWhole = (phrase: readonly string[]): boolean => phrase.length === said.length && is(phrase, 0);
  if (languages.some(({ allOfThese }) => allOfThese.some(isWhole)))
    return Array.from({ length: offered }, (_, at) => at);
  const chosen = new Set<number>();
  const left = new Set(said.keys());
  // Longest first: `the second one` is not the first.
  const ordinals = languages
    .flatMap((language) =>
      [...language.ordinals].flatMap(([number, phrases]) => phrases.map((phrase) => ({ number, phrase }))),
    )
    .toSorted((one, other) => other.phrase.length - one.phrase.length);
  for (const { number, phrase } of ordinals) {
    for (let at = 0; at + phrase.length <= said.length; at++) {
      if (!is(phrase, at) || !phrase.every((_, offset) => left.has(at + offset))) continue;
      if (number <= offered) chosen.add(number - 1);
      for (const offset of phrase.keys()) left.delete(at + offset);
    }
  }
  for (const at of left) {
    const word = said[at] ?? '';
    if (!/^[1-9]$/.test(word) || Number(word) > offered) continue;
    chosen.add(Number(word) - 1);
    left.delete(at);
  }
  const isFiller = (word: string): boolean =>
    languages.some(
      ({ fillers, smallTalkFillers, joins, choiceWords }) =>
        choiceWords.has(word) ||
        fillers.has(word) ||
        smallTalkFillers.has(word) ||
        joins.some(([join, ...more]) => join === word && more.length === 0),
    );
  if (chosen.size === 0 || [...left].some((at) => !isFiller(said[at] ?? ''))) return undefined;
  return [...chosen];
}

/** The offered question that a message repeats in part, where one alone has most of its words. */
export function repeatedOf(said: readonly string[], offered: readonly string[]): number | undefined {
  if (said.length < 2) return undefined;
  const shares = offered.map((question) => {
    const own = new Set(words(question));
    return said.filter((word) => own.has(word)).length / said.length;
  });
  const best = Math.max(...shares);
  const at = shares.indexOf(best);
  return best >= 0.7 && shares.filter((share) => share > best - 0.2).length === 1 ? at : undefined;
}
