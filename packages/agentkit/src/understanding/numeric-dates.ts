import { dateOf } from './dates.ts';
import { words } from './fold.ts';

export interface NumericDate {
  /** As it is written: `25.12.`. */
  text: string;
  /** Local date, `2026-12-25`; empty for one that no calendar has, such as `31.4.`. */
  dates: string[];
}

/** Written like a date, but not one. */
const notDates = new Set(['24/7', '7/7', '1/2', '1/3', '2/3', '1/4', '3/4']);

/**
 * Finds the dates of a text that are written in digits: `2026-12-25`, `25.12.2026`, `25/12`. In `5/6` the first number is the day, or the
 * month if that is not a date.
 * @param text folded
 * @param isPreposition whether it is a word such as `on`. After one, digits that could be something else are a date, except in `on 24/7` and `on 7/7`
 */
export function findNumericDates(
  text: string,
  today: string,
  isPreposition: (word: string) => boolean,
): NumericDate[] {
  const found: NumericDate[] = [];
  const either = (one: string, other: string, year?: string): string[] =>
    [
      ...dateOf(today, Number(other), Number(one), year),
      ...dateOf(today, Number(one), Number(other), year),
    ].slice(0, 1);
  const couldBe = (one: number, other: number): boolean =>
    one > 0 && other > 0 && Math.min(one, other) <= 12 && Math.max(one, other) <= 31;
  for (const [date, year = '', , month = '', day = ''] of text.matchAll(
    /(?<![\d/-])(\d{4})([/-])(\d{2})\2(\d{2})(?![\d/-])/g,
  ))
    found.push({ text: date, dates: dateOf(today, Number(month), Number(day), year) });
  for (const [date, one = '', , other = '', year] of text.matchAll(
    /(?<![\d.:/]|\d-)(\d{1,2})([./-])(\d{1,2})\2(\d{4}|(?<!-)\d{2})(?![\d:/])/g,
  ))
    if (couldBe(Number(one), Number(other))) found.push({ text: date, dates: either(one, other, year) });
  for (const match of text.matchAll(/(?<![\d.:/]|\d-)(\d{1,2})([./])(\d{1,2})(?![\d:/]|\.\d)(\.?)/g)) {
    const [date, one = '', separator, other = '', dot] = match;
    const dates = either(one, other);
    const isAfterPreposition = isPreposition(words(text.slice(0, match.index)).at(-1) ?? '');
    // The full stop of `Rated 4.5.` ends the sentence.
    const isAtEnd =
      match.index + date.length === text.trimEnd().length &&
      match.index > 0 &&
      found.every((before) => before.dates.length === 0);
    if (!isAfterPreposition && (separator === '/' ? notDates.has(date) : dot === '' || isAtEnd)) continue;
    if (isAfterPreposition && (date === '24/7' || date === '7/7')) continue;
    if (dates.length > 0 || ((dot === '.' || isAfterPreposition) && couldBe(Number(one), Number(other))))
      found.push({ text: date, dates });
  }
  return found;
}
