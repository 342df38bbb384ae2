import { addDays } from '../local-date.ts';
import type { DayTokens } from './day-tokens.ts';

/** A place of the message that names days. */
export interface Mention {
  at: number;
  length: number;
  dates: string[];
  kind: 'date' | 'weekday' | 'relative';
}

export interface CombinedMentions {
  /** Earliest first. At most three, or seven of a range. */
  dates: string[];
  isRange: boolean;
  /** Positions of the tokens inside ranges, such as the `to` of `Monday to Friday`. */
  between: number[];
}

const MAX_DAYS = 3;
const MAX_RANGE_DAYS = 7;

/** Combines the days that a message mentions: those of a range, and none from a weekday or relative day that only describes another. */
export function combineMentions(found: readonly Mention[], tokens: DayTokens): CombinedMentions {
  const mentions = found.toSorted((one, other) => one.at - other.at);
  const isDated = mentions.some(({ kind }) => kind !== 'relative');
  const dates: string[] = [];
  const between: number[] = [];
  let longest: string[] = [];
  for (const [index, one] of mentions.entries()) {
    const before = mentions[index - 1];
    const next = mentions[index + 1];
    const isJoinedTo = (other: Mention | undefined): boolean =>
      other !== undefined &&
      (other.at < one.at
        ? tokens.isJoined(other.at + other.length - 1, one.at)
        : tokens.isJoined(one.at + one.length - 1, other.at));
    const isSame = (other: Mention | undefined): boolean =>
      other?.kind === 'date' && isOneDay(one, other, tokens);
    if (one.kind === 'weekday' && one.dates.length === 1 && (isSame(before) || isSame(next))) continue;
    if (one.kind === 'relative' && isDated && !isJoinedTo(before) && !isJoinedTo(next)) continue;
    dates.push(...one.dates);
    const range = next && rangeBetween(one, next, tokens);
    if (!range) continue;
    for (let at = one.at + one.length; at < next.at; at++) between.push(at);
    if (range.length > longest.length) longest = range;
  }
  const all = [...new Set([...dates, ...longest])].toSorted();
  return longest.length > MAX_DAYS
    ? { dates: longest, isRange: true, between }
    : { dates: all.slice(0, MAX_DAYS), isRange: false, between };
}

/** Whether a weekday and a date name the same day: `Samstag, 28.3.`, `Saturday the 28th of March`. */
function isOneDay(one: Mention, other: Mention, tokens: DayTokens): boolean {
  const [first, second] = one.at < other.at ? [one, other] : [other, one];
  for (let at = first.at + first.length; at < second.at; at++) {
    const isApart = (['joins', 'either', 'until'] as const).some((kind) => tokens.hasWordOf(kind, at));
    if (isApart || !tokens.isStopWord(at)) return false;
  }
  return true;
}

/** The days from one mention to the next, if a word such as `to` or a dash stands between them. */
function rangeBetween(one: Mention, next: Mention, tokens: DayTokens): string[] | undefined {
  const end = one.at + one.length;
  const isRange = tokens.isJoinedByWord(end, next.at, ['until']) || tokens.isJoinedByDash(end - 1, next.at);
  const [first] = one.dates;
  let last = next.dates.at(-1);
  if (!isRange || first === undefined || last === undefined) return undefined;
  if (last < first && next.kind === 'weekday') last = addDays(last, 7);
  const days: string[] = [];
  for (let day = first; day <= last && days.length < MAX_RANGE_DAYS; day = addDays(day, 1)) days.push(day);
  return days;
}
