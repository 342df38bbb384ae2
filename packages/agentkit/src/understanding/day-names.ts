import { words } from './fold.ts';
import type { Language, LanguageDays } from './language.ts';
import { PhraseIndex } from './phrase-index.ts';

/** What is needed of a language to read days in it. A language without files has only its names in `Intl`. */
export type DayLanguage = Pick<Language, 'code' | 'keys' | 'days' | 'joins' | 'isStopWord' | 'presence'>;

/** The names of days in a language. */
export interface DayNames {
  language: DayLanguage;
  weekdays: ReadonlyMap<string, number>;
  /** Weekdays by key, in a language without files. */
  inflected: ReadonlyMap<string, number>;
  weekdayPhrases: readonly { phrase: string[]; weekday: number }[];
  months: ReadonlyMap<string, number>;
  relative: readonly { phrase: string[]; days: number }[];
  /** Longest first, so that Christmas Eve is not read as Christmas. */
  holidays: readonly { phrase: string[]; date?: string; feast?: string }[];
  keys: Language['keys'];
  /** The other phrases about days. */
  phrases: LanguageDays;
}

const cache = new Map<string, DayNames>();

export function dayNamesOf(language: DayLanguage): DayNames {
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
  const longest = (one: { phrase: string[] }, other: { phrase: string[] }): number =>
    other.phrase.length - one.phrase.length;
  // `25 décembre` is left to the reading of dates, which finds a year behind it, too.
  const isDate = ({ phrase }: { phrase: string[] }): boolean =>
    phrase.some((word) => /^\d/.test(word)) && phrase.some((word) => months.has(word));
  const names: DayNames = {
    language,
    weekdays,
    inflected: new Map(
      days.before.length > 0 ? [] : [...weekdays].map(([name, day]) => [language.keys(name)[0] ?? '', day]),
    ),
    weekdayPhrases,
    months,
    relative: [...relative, ...days.relative].toSorted(longest),
    holidays: [...days.holidays.filter((one) => !isDate(one)), ...days.movable].toSorted(longest),
    keys: language.keys,
    phrases: days,
  };
  cache.set(code, names);
  return names;
}

/** A language that has no files, with the names of days that `Intl` has. */
export function intlDayLanguage(code: string): DayLanguage {
  const days: LanguageDays = {
    relative: [],
    weekdays: [],
    holidays: [],
    movable: [],
    weekend: [],
    weekendDays: [6, 0],
    now: [],
    either: [],
    until: [],
    before: [],
    ahead: [],
    numbers: new Map(),
    ofMonth: [],
    parts: [],
  };
  // In place of a stemmer: inflection mostly changes the last letter.
  const keys = (word: string): string[] => [`${code}:${word.length > 4 ? word.slice(0, -1) : word}`];
  return {
    code,
    keys,
    days,
    joins: [],
    isStopWord: (word) => word.length === 1,
    presence: new PhraseIndex(keys),
  };
}

/** The words of all names of days and months. */
export function dayWordsOf(language: DayLanguage): string[] {
  const { weekdays, weekdayPhrases, months, relative } = dayNamesOf(language);
  return [
    ...weekdays.keys(),
    ...months.keys(),
    ...[...weekdayPhrases, ...relative].flatMap(({ phrase }) => phrase),
  ];
}

export const sharesKey = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((key) => others.includes(key));

/** The month that a word names, with or without a prefix: `במאי`. */
export function monthOf(word: string, { months, keys }: DayNames): number | undefined {
  const month = months.get(word);
  if (month !== undefined) return month;
  for (const [name, number] of months) {
    if (word.length > name.length && word.endsWith(name) && sharesKey(keys(word), keys(name).slice(0, 1)))
      return number;
  }
  return undefined;
}
