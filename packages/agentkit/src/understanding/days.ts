import { addDays, weekdayOf } from '../local-date.ts';
import { dateOf, nextOfMonth } from './dates.ts';
import { type Mention, combineMentions } from './day-mentions.ts';
import { type DayLanguage, type DayNames, dayNamesOf, monthOf } from './day-names.ts';
import { DayTokens, dayOf } from './day-tokens.ts';
import { feastIn } from './feasts.ts';
import { words } from './fold.ts';
import { findNumericDates } from './numeric-dates.ts';

/** Days that a message names. */
export interface NamedDays {
  /** Local dates, `2026-03-11`, oldest first. At most three, or seven of a range. */
  dates: string[];
  /** Positions of the tokens that name them. */
  positions: Set<number>;
  /** Those of `positions` that name holidays: `Christmas` may belong to a Christmas tree. */
  holidays: Set<number>;
  /** The dates are a range of more than three days, such as `Monday to Friday`. */
  isRange: boolean;
  /** The message names no day but one that no calendar has, such as `2027-02-29`. */
  hasInvalidDate: boolean;
}

/**
 * Finds the days that a message names: weekdays and months by the names of `Intl`, relative days, dates in digits and holidays. A
 * weekday means the next one, today included; a weekday beside a date is ignored. A relative day in a message with a weekday or a date
 * counts only if it is joined to it, because `mañana` means both tomorrow and morning.
 *
 * @param text the text of the tokens, for dates in digits
 * @param today local date of the business
 */
export function findDays(
  tokens: readonly string[],
  text: string,
  today: string,
  languages: readonly DayLanguage[],
): NamedDays {
  const message = new DayTokens(tokens, text, languages.map(dayNamesOf));
  return new DayReader(message, today).read();
}

class DayReader {
  readonly #message: DayTokens;
  readonly #tokens: readonly string[];
  readonly #names: readonly DayNames[];
  readonly #today: string;
  readonly #positions = new Set<number>();
  readonly #holidays = new Set<number>();
  readonly #mentions: Mention[] = [];
  #hasInvalidDate = false;

  constructor(message: DayTokens, today: string) {
    this.#message = message;
    this.#tokens = message.tokens;
    this.#names = message.names;
    this.#today = today;
  }

  read(): NamedDays {
    this.#readNumericDates();
    for (const names of this.#names) this.#readHolidays(names);
    for (const names of this.#names) this.#readMonths(names);
    for (const names of this.#names) this.#readNames(names);
    for (const { phrases } of this.#names) {
      for (const at of this.#tokens.keys()) {
        const phrase = phrases.now.find((one) => this.#message.hasPhrase(one, at));
        if (phrase) this.#claim(at, phrase.length);
      }
    }
    const { dates, isRange, between } = combineMentions(this.#mentions, this.#message);
    for (const at of between) this.#claim(at, 1);
    for (const { at, length } of this.#mentions) this.#claimPartOfDay(at + length);
    return {
      dates,
      positions: this.#positions,
      holidays: this.#holidays,
      isRange,
      hasInvalidDate: this.#hasInvalidDate && dates.length === 0,
    };
  }

  /** Marks tokens as those of a day, so that nothing else is read from them. */
  #claim(at: number, length: number): void {
    for (let one = at; one < at + length; one++) this.#positions.add(one);
  }

  /** Adds a mention. The tokens of a date that does not exist are claimed, too. */
  #mention(kind: Mention['kind'], at: number, length: number, dates: string[]): void {
    this.#claim(at, length);
    if (dates.length > 0) this.#mentions.push({ at, length, dates, kind });
    else this.#hasInvalidDate = true;
  }

  #readNumericDates(): void {
    const isPreposition = (word: string): boolean =>
      this.#names.some(({ phrases }) => phrases.before.some(([first]) => first === word));
    for (const { text, dates } of findNumericDates(this.#message.text, this.#today, isPreposition)) {
      const parts = words(text);
      const at = this.#tokens.findIndex(
        (_, from) =>
          !this.#positions.has(from) &&
          parts.every(
            (part, offset) =>
              this.#tokens[from + offset] === part ||
              (offset === 0 && dayOf(part) !== undefined && dayOf(this.#tokens[from]) === dayOf(part)),
          ),
      );
      this.#mention('date', at === -1 ? this.#tokens.length : at, at === -1 ? 0 : parts.length, dates);
      const [date = ''] = dates;
      // `24. und 25.12.`: the 24th is in the same month.
      const read = (day: number): string[] =>
        dateOf(this.#today, Number(date.slice(5, 7)), day, date.slice(0, 4));
      if (at !== -1 && date !== '') this.#readAdjacentDays(at, -1, read);
    }
  }

  #readHolidays({ holidays }: DayNames): void {
    for (let at = 0; at < this.#tokens.length; at++) {
      if (this.#positions.has(at)) continue;
      const holiday = holidays.find(({ phrase }) => this.#message.hasPhrase(phrase, at));
      if (!holiday) continue;
      const { year, length } = this.#message.yearAt(at + holiday.phrase.length);
      this.#mention('date', at, holiday.phrase.length + length, this.#holidayDates(holiday, year));
      for (const offset of holiday.phrase.keys()) this.#holidays.add(at + offset);
    }
  }

  #holidayDates({ date, feast }: DayNames['holidays'][number], year: string | undefined): string[] {
    if (date !== undefined) {
      const [month = 0, day = 0] = date.split('-').map(Number);
      return dateOf(this.#today, month, day, year);
    }
    if (year !== undefined) return feastIn(feast ?? '', Number(year));
    const thisYear = Number(this.#today.slice(0, 4));
    return (
      [thisYear, thisYear + 1]
        .map((one) => feastIn(feast ?? '', one).filter((day) => day >= this.#today))
        .find((dates) => dates.length > 0) ?? []
    );
  }

  /** Months with the days beside them: `25 December`, `December the 25th`, `24 and 25 December`. */
  #readMonths(names: DayNames): void {
    for (let at = 0; at < this.#tokens.length; at++) {
      if (this.#positions.has(at)) continue;
      const step = [-1, 1, -2, 2, -3].find(
        (one) => dayOf(this.#tokens[at + one]) !== undefined && !this.#positions.has(at + one),
      );
      const month = step === undefined ? undefined : monthOf(this.#tokens[at] ?? '', names);
      if (month === undefined || step === undefined) continue;
      const first = at + step;
      const from = Math.min(at, first);
      const to = Math.max(at, first);
      const { year, length } = this.#message.yearAt(to + 1);
      const read = (day: number): string[] => dateOf(this.#today, month, day, year);
      this.#mention('date', from, to - from + 1 + length, read(dayOf(this.#tokens[first]) ?? 0));
      this.#readAdjacentDays(first, step < 0 ? -1 : 1, read);
    }
  }

  /** Reads further days of the same month, each joined to the one before. */
  #readAdjacentDays(first: number, direction: 1 | -1, read: (day: number) => string[]): void {
    let beside = first;
    for (;;) {
      const next = [beside + direction, beside + 2 * direction, beside + 3 * direction].find(
        (one) => dayOf(this.#tokens[one]) !== undefined,
      );
      if (next === undefined || this.#positions.has(next) || !this.#message.isJoined(next, beside)) return;
      this.#mention('date', next, 1, read(dayOf(this.#tokens[next]) ?? 0));
      beside = next;
    }
  }

  #readNames(names: DayNames): void {
    const { phrases, keys } = names;
    for (let at = 0; at < this.#tokens.length; at++) {
      if (this.#positions.has(at)) continue;
      const ahead = this.#daysAheadAt(names, at) ?? this.#dayOfMonthAt(names, at);
      if (ahead) {
        this.#mention('date', at, ahead.length, ahead.dates);
        continue;
      }
      const weekend = phrases.weekend.find((phrase) => this.#message.hasPhrase(phrase, at, keys));
      if (weekend) {
        this.#mention(
          'weekday',
          at,
          weekend.length,
          phrases.weekendDays.map((day) => this.#nextWeekday(day)),
        );
        continue;
      }
      const weekday = this.#weekdayAt(names, at);
      if (weekday) {
        this.#mention('weekday', at, weekday.length, [this.#nextWeekday(weekday.weekday)]);
        continue;
      }
      const relative = names.relative.find(({ phrase }) => this.#message.hasPhrase(phrase, at));
      if (relative)
        this.#mention('relative', at, relative.phrase.length, [addDays(this.#today, relative.days)]);
    }
  }

  #nextWeekday(weekday: number): string {
    return addDays(this.#today, (weekday - weekdayOf(this.#today) + 7) % 7);
  }

  #weekdayAt(names: DayNames, at: number): { weekday: number; length: number } | undefined {
    const { weekdays, weekdayPhrases, keys } = names;
    const word = this.#tokens[at] ?? '';
    const phrase = weekdayPhrases.find((one) => this.#message.hasPhrase(one.phrase, at, keys));
    const weekday =
      weekdays.get(word) ??
      (word.length > 4 ? weekdays.get(word.replace(/s$/, '')) : undefined) ??
      phrase?.weekday ??
      names.inflected.get(keys(word)[0] ?? '');
    if (weekday !== undefined) return { weekday, length: phrase?.phrase.length ?? 1 };
    // `ראשון` and `חמישי` are weekdays without the word for day only in a range of two: `ראשון עד חמישי`.
    const bare = (one: number): number | undefined =>
      weekdayPhrases.find(
        (each) =>
          each.phrase.length === 2 &&
          [this.#tokens[one], this.#tokens[one]?.slice(1)].includes(each.phrase[1]),
      )?.weekday;
    const isEnd = this.#message.hasWordOf('until', at - 1) && this.#tokens[at - 2] !== undefined;
    const isBegin = this.#message.hasWordOf('until', at + 1);
    const other = isEnd ? at - 2 : isBegin ? at + 2 : undefined;
    const mine = other === undefined ? undefined : bare(at);
    if (mine === undefined || other === undefined) return undefined;
    return bare(other) === undefined && !this.#positions.has(other)
      ? undefined
      : { weekday: mine, length: 1 };
  }

  /** `in 3 days`, `in two weeks`. */
  #daysAheadAt({ phrases }: DayNames, at: number): { dates: string[]; length: number } | undefined {
    for (const { phrase, days } of phrases.ahead) {
      const place = phrase.indexOf('n');
      const word = this.#tokens[at + place] ?? '';
      const counted = phrases.numbers.get(word) ?? (/^\d{1,2}$/.test(word) ? Number(word) : undefined);
      const count = place === -1 ? 1 : counted;
      if (
        count === undefined ||
        !phrase.every((one, offset) => offset === place || this.#tokens[at + offset] === one)
      )
        continue;
      return { dates: [addDays(this.#today, count * days)], length: phrase.length };
    }
    return undefined;
  }

  /** `on the 4th`, `am 4.`, `el día 4`, but not `on the 4th floor`. */
  #dayOfMonthAt(
    { phrases, language }: DayNames,
    at: number,
  ): { dates: string[]; length: number } | undefined {
    for (const phrase of phrases.ofMonth) {
      const place = phrase.findIndex((word) => word === 'n' || word === 'nth');
      const word = this.#tokens[at + place] ?? '';
      const day = dayOf(word);
      if (
        day === undefined ||
        this.#positions.has(at + place) ||
        !phrase.every((one, offset) => offset === place || this.#tokens[at + offset] === one)
      )
        continue;
      const isOrdinal =
        !/\d$/.test(word) || new RegExp(`(?<!\\d)${word}\\.(?!\\d)`, 'u').test(this.#message.text);
      if (phrase[place] === 'nth' && !isOrdinal) continue;
      const next = this.#tokens[at + phrase.length];
      const isAlone =
        next === undefined ||
        this.#message.isStopWord(at + phrase.length) ||
        this.#message.hasWordOf('joins', at + phrase.length) ||
        language.presence.at([language.keys(next)], 0) !== undefined;
      if (!isAlone) continue;
      return { dates: nextOfMonth(this.#today, day), length: phrase.length };
    }
    return undefined;
  }

  /** Claims a part of the day behind a day: `in the morning`, `por la mañana`. */
  #claimPartOfDay(at: number): void {
    for (const { phrases } of this.#names) {
      const phrase = phrases.parts.find((one) => this.#message.hasPhrase(one, at));
      if (phrase) this.#claim(at, phrase.length);
    }
  }
}
