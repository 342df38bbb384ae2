import type { Language, LanguageDays } from './language.ts';
import { words } from './fold.ts';

/** Days that a message names. */
export interface NamedDays {
  /** Local dates, `2026-03-11`, oldest first; at most three. */
  dates: string[];
  /** Positions of the words that name them. */
  positions: Set<number>;
  /** Of those, the names of holidays: `Christmas` may be a tree. */
  holidays: Set<number>;
  isNow: boolean;
}

const MOST_DAYS = 3;
const dayMs = 86_400_000;
const noon = (date: string): number => Date.parse(`${date}T12:00:00Z`);
export const addDays = (date: string, days: number): string =>
  new Date(noon(date) + days * dayMs).toISOString().slice(0, 10);
const weekdayOf = (date: string): number => new Date(noon(date)).getUTCDay();

interface DayNames {
  weekdays: ReadonlyMap<string, number>;
  weekdayPhrases: readonly { phrase: string[]; weekday: number }[];
  months: ReadonlyMap<string, number>;
  relative: readonly { phrase: string[]; days: number }[];
  keys: Language['keys'];
  own: LanguageDays;
}

const cache = new Map<string, DayNames>();

function namesOf(language: Language): DayNames {
  const known = cache.get(language.code);
  if (known) return known;
  const { code, days } = language;
  const weekdays = new Map<string, number>();
  const weekdayPhrases = [...days.weekdays];
  const months = new Map<string, number>();
  const weekdayName = new Intl.DateTimeFormat(code, { weekday: 'long', timeZone: 'UTC' });
  // 2023-01-01 was a Sunday.
  for (let weekday = 0; weekday < 7; weekday++) {
    const phrase = words(weekdayName.format(Date.UTC(2023, 0, 1 + weekday, 12)));
    if (phrase.length === 1) weekdays.set(phrase[0] ?? '', weekday);
    else weekdayPhrases.push({ phrase, weekday });
  }
  for (const style of ['long', 'short'] as const) {
    for (let month = 0; month < 12; month++) {
      for (const parts of [{ month: style }, { month: style, day: 'numeric' }] as const) {
        const format = new Intl.DateTimeFormat(code, { ...parts, timeZone: 'UTC' });
        const name = format
          .formatToParts(Date.UTC(2023, month, 15, 12))
          .find(({ type }) => type === 'month')?.value;
        const [word] = words(name ?? '');
        if (word !== undefined && !/\d/.test(word)) months.set(word, month + 1);
      }
    }
  }
  const format = new Intl.RelativeTimeFormat(code, { numeric: 'auto' });
  const relative = [-1, 0, 1, 2]
    .map((ahead) => ({ phrase: words(format.format(ahead, 'day')), days: ahead }))
    .filter(({ phrase }) => !phrase.some((word) => /\d/.test(word)));
  const names: DayNames = {
    weekdays,
    weekdayPhrases,
    months,
    relative: [...relative, ...days.relative].toSorted(
      (one, other) => other.phrase.length - one.phrase.length,
    ),
    keys: language.keys,
    own: days,
  };
  cache.set(code, names);
  return names;
}

/** The next day, from `today` on, that is a month and day of some year; undefined for 31 April. */
function nextDate(today: string, month: number, day: number): string | undefined {
  for (let year = Number(today.slice(0, 4)); year < Number(today.slice(0, 4)) + 9; year++) {
    const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    const isReal =
      month <= 12 && !Number.isNaN(noon(date)) && new Date(noon(date)).toISOString().startsWith(date);
    if (isReal && date >= today) return date;
  }
  return undefined;
}

/**
 * Finds the days that a message names: weekdays and months by the names of `Intl`, relative days, dates in digits and holidays with a
 * fixed date. A weekday is the next one, today included. Where a weekday or a date stands, words such as `mañana`, which means
 * tomorrow and morning, do not count.
 *
 * @param raw the text before it was parted into words, for dates in digits
 * @param today local date of the business
 */
export function findDays(
  said: readonly string[],
  raw: string,
  today: string,
  languages: readonly Language[],
): NamedDays {
  const positions = new Set<number>();
  const holidays = new Set<number>();
  const fixed: string[] = [];
  const relative: string[] = [];
  let isNow = false;
  const take = (at: number, length: number): void => {
    for (let one = at; one < at + length; one++) positions.add(one);
  };
  /** Of a phrase, the first word may have a prefix: `ביום שישי`. */
  const isAt = (phrase: readonly string[], at: number, keys?: Language['keys']): boolean =>
    phrase.length > 0 &&
    phrase.every((word, offset) => {
      const here = said[at + offset];
      if (here === word) return true;
      return offset === 0 && keys !== undefined && here !== undefined && sharesKey(keys(here), keys(word));
    });

  for (const [, year = '', month = '', day = ''] of raw.matchAll(/\b(\d{4})-(\d{2})-(\d{2})\b/g))
    fixed.push(...[nextDate(`${year}-01-01`, Number(month), Number(day)) ?? []].flat());
  for (const [, one = '', other = ''] of raw.matchAll(
    /(?<![\d.:/-])(\d{1,2})[./](\d{1,2})(?:[./](?:\d{2}|\d{4}))?(?![\d:/])/g,
  )) {
    const date = nextDate(today, Number(other), Number(one)) ?? nextDate(today, Number(one), Number(other));
    if (date !== undefined) fixed.push(date);
  }
  for (const language of languages) {
    const names = namesOf(language);
    for (let at = 0; at < said.length; at++) {
      if (positions.has(at)) continue;
      const word = said[at] ?? '';
      for (const { phrase, date } of names.own.holidays) {
        if (!isAt(phrase, at)) continue;
        const [month, day] = date.split('-').map(Number);
        const found = nextDate(today, month ?? 0, day ?? 0);
        if (found !== undefined) fixed.push(found);
        take(at, phrase.length);
        for (const offset of phrase.keys()) holidays.add(at + offset);
      }
      if (positions.has(at)) continue;
      const month = monthOf(word, names);
      const dated = month === undefined ? undefined : dayBeside(said, at);
      if (month !== undefined && dated) {
        const date = nextDate(today, month, dated.day);
        if (date !== undefined) fixed.push(date);
        take(dated.from, dated.to - dated.from + 1);
        continue;
      }
      const weekday =
        names.weekdays.get(word) ??
        (word.length > 4 ? names.weekdays.get(word.replace(/s$/, '')) : undefined) ??
        names.weekdayPhrases.find(({ phrase }) => isAt(phrase, at, names.keys))?.weekday;
      if (weekday !== undefined) {
        const phrase = names.weekdayPhrases.find((one) => isAt(one.phrase, at, names.keys))?.phrase;
        fixed.push(addDays(today, (weekday - weekdayOf(today) + 7) % 7));
        take(at, phrase?.length ?? 1);
        continue;
      }
      if (names.own.weekend.some((phrase) => isAt(phrase, at, names.keys))) {
        for (const one of language.code === 'he' ? [5, 6] : [6, 0])
          fixed.push(addDays(today, (one - weekdayOf(today) + 7) % 7));
        take(at, 1);
        continue;
      }
      const ahead = names.relative.find(({ phrase }) => isAt(phrase, at));
      if (ahead) {
        relative.push(addDays(today, ahead.days));
        take(at, ahead.phrase.length);
      }
    }
    for (const at of said.keys()) {
      const phrase = names.own.now.find((one) => isAt(one, at));
      if (!phrase) continue;
      isNow = true;
      take(at, phrase.length);
    }
  }
  const dates = [...new Set(fixed.length > 0 ? fixed : relative)].toSorted().slice(0, MOST_DAYS);
  return { dates, positions, holidays, isNow };
}

/** A month's name, also with a prefix: `בדצמבר`. */
function monthOf(word: string, { months, keys }: DayNames): number | undefined {
  const known = months.get(word);
  if (known !== undefined || word.length < 4) return known;
  const own = keys(word);
  return own.length < 2
    ? undefined
    : own.map((key) => months.get(key.slice(key.indexOf(':') + 1))).find(Boolean);
}

const sharesKey = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((key) => others.includes(key));

/** The day of the month that stands beside a month's name: `25 December`, `December the 25th`, `1 de mayo`. */
function dayBeside(
  said: readonly string[],
  at: number,
): { day: number; from: number; to: number } | undefined {
  for (const step of [-1, 1, -2, 2, -3]) {
    const match = /^(\d{1,2})(?:st|nd|rd|th|er|º)?$/.exec(said[at + step] ?? '');
    const day = Number(match?.[1]);
    if (match && day >= 1 && day <= 31)
      return { day, from: Math.min(at, at + step), to: Math.max(at, at + step) };
  }
  return undefined;
}
