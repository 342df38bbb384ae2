import { addDays, weekdayOf } from '../local-date.ts';
import { dateOf, nextOfMonth } from './dates.ts';
import { type DayLanguage, type DayNames, monthOf, namesOf, sharesKey } from './day-names.ts';
import { feastIn } from './feasts.ts';
import { fold, words } from './fold.ts';
import type { Language } from './language.ts';

/** Days that a message names. */
export interface NamedDays {
  /** Local dates, `2026-03-11`, oldest first; at most three, or seven of a stretch. */
  dates: string[];
  /** Positions of the words that name them. */
  positions: Set<number>;
  /** Of those, the names of holidays: `Christmas` may be a tree. */
  holidays: Set<number>;
  /** `Monday to Friday`: more days than are told one by one. */
  isStretch: boolean;
  /** A date was meant that no calendar has: `2027-02-29`. */
  isUnreadable: boolean;
}

/** Days in a place of the message. */
interface Mention {
  at: number;
  length: number;
  dates: string[];
  kind: 'date' | 'weekday' | 'relative';
}

const MOST_DAYS = 3;
const LONGEST_STRETCH = 7;
/** What is written with a slash and is no date. */
const notDates = new Set(['24/7', '7/7', '1/2', '1/3', '2/3', '1/4', '3/4']);
const dayNumber = /^\p{Script=Hebrew}{0,2}(\d{1,2})(st|nd|rd|th|er|[oa])?$/u;

function dayOf(word: string | undefined): number | undefined {
  const day = Number(dayNumber.exec(word ?? '')?.[1]);
  return day >= 1 && day <= 31 ? day : undefined;
}

/**
 * Finds the days that a message names: weekdays and months by the names of `Intl`, relative days, dates in digits and holidays. A
 * weekday is the next one, today included; beside a date it counts for nothing. Where a weekday or a date stands, a relative day counts
 * only where it is joined to it: `mañana` means tomorrow and morning.
 *
 * @param raw the text before it was parted into words, for dates in digits
 * @param today local date of the business
 */
export function findDays(
  said: readonly string[],
  raw: string,
  today: string,
  languages: readonly DayLanguage[],
): NamedDays {
  const reader = new DayReader(said, raw, today, languages.map(namesOf));
  return reader.read();
}

class DayReader {
  readonly #said: readonly string[];
  /** Folded, with dashes that stand alone put between the words. */
  readonly #raw: string;
  readonly #today: string;
  readonly #names: readonly DayNames[];
  readonly #positions = new Set<number>();
  readonly #holidays = new Set<number>();
  readonly #mentions: Mention[] = [];
  #isUnreadable = false;

  constructor(said: readonly string[], raw: string, today: string, names: readonly DayNames[]) {
    this.#said = said;
    this.#raw = fold(raw).replaceAll(/\s*[-–—]\s*/gu, '-');
    this.#today = today;
    this.#names = names;
  }

  read(): NamedDays {
    this.#readDigits();
    for (const names of this.#names) this.#readHolidays(names);
    for (const names of this.#names) this.#readMonths(names);
    for (const names of this.#names) this.#readNames(names);
    for (const { own } of this.#names) {
      for (const at of this.#said.keys()) {
        const phrase = own.now.find((one) => this.#isAt(one, at));
        if (phrase) this.#take(at, phrase.length);
      }
    }
    const { dates, isStretch } = this.#combined();
    for (const { at, length } of this.#mentions) this.#takePartOfDay(at + length);
    return {
      dates,
      positions: this.#positions,
      holidays: this.#holidays,
      isStretch,
      isUnreadable: this.#isUnreadable && dates.length === 0,
    };
  }

  #take(at: number, length: number): void {
    for (let one = at; one < at + length; one++) this.#positions.add(one);
  }

  /** A date that does not exist leaves its words taken. */
  #mention(kind: Mention['kind'], at: number, length: number, dates: string[]): void {
    this.#take(at, length);
    if (dates.length > 0) this.#mentions.push({ at, length, dates, kind });
    else this.#isUnreadable = true;
  }

  /** Of a phrase, the first word may have a prefix: `ביום שישי`. */
  #isAt(phrase: readonly string[], at: number, keys?: Language['keys']): boolean {
    return (
      phrase.length > 0 &&
      phrase.every((word, offset) => {
        const here = this.#said[at + offset];
        if (here === word) return true;
        return (
          offset === 0 &&
          keys !== undefined &&
          here !== undefined &&
          sharesKey(keys(here), keys(word).slice(0, 1))
        );
      })
    );
  }

  #isOneOf(kind: 'joins' | 'either' | 'until' | 'before', at: number): boolean {
    const word = this.#said[at];
    return this.#names.some(({ language, own }) =>
      (kind === 'joins' ? language.joins : own[kind]).some(
        (phrase) => phrase.length === 1 && phrase[0] === word,
      ),
    );
  }

  #readDigits(): void {
    const raw = this.#raw;
    const mention = (text: string, dates: string[]): void => {
      const parts = words(text);
      const at = this.#said.findIndex(
        (_, from) =>
          !this.#positions.has(from) &&
          parts.every(
            (part, offset) =>
              this.#said[from + offset] === part ||
              (offset === 0 && dayOf(part) !== undefined && dayOf(this.#said[from]) === dayOf(part)),
          ),
      );
      this.#mention('date', at === -1 ? this.#said.length : at, at === -1 ? 0 : parts.length, dates);
      const [date = ''] = dates;
      // `24. und 25.12.`
      const read = (day: number): string[] =>
        dateOf(this.#today, Number(date.slice(5, 7)), day, date.slice(0, 4));
      if (at !== -1 && date !== '') this.#readBeside(at, -1, read);
    };
    const both = (one: string, other: string, year?: string): string[] =>
      [
        ...dateOf(this.#today, Number(other), Number(one), year),
        ...dateOf(this.#today, Number(one), Number(other), year),
      ].slice(0, 1);
    const couldBe = (one: number, other: number): boolean =>
      one > 0 && other > 0 && Math.min(one, other) <= 12 && Math.max(one, other) <= 31;
    for (const [text, year = '', , month = '', day = ''] of raw.matchAll(
      /(?<![\d/-])(\d{4})([/-])(\d{2})\2(\d{2})(?![\d/-])/g,
    ))
      mention(text, dateOf(this.#today, Number(month), Number(day), year));
    for (const [text, one = '', , other = '', year] of raw.matchAll(
      /(?<![\d.:/]|\d-)(\d{1,2})([./-])(\d{1,2})\2(\d{4}|(?<!-)\d{2})(?![\d:/])/g,
    ))
      if (couldBe(Number(one), Number(other))) mention(text, both(one, other, year));
    for (const found of raw.matchAll(/(?<![\d.:/]|\d-)(\d{1,2})([./])(\d{1,2})(?![\d:/]|\.\d)(\.?)/g)) {
      const [text, one = '', separator, other = '', dot] = found;
      const dates = both(one, other);
      const before = words(raw.slice(0, found.index)).at(-1) ?? '';
      const isAfter = this.#names.some(({ own }) => own.before.some(([word]) => word === before));
      const isLast =
        found.index + text.length === raw.trimEnd().length && found.index > 0 && this.#mentions.length === 0;
      if (!isAfter && (separator === '/' ? notDates.has(text) : dot === '' || isLast)) continue;
      if (isAfter && (text === '24/7' || text === '7/7')) continue;
      if (dates.length > 0 || ((dot === '.' || isAfter) && couldBe(Number(one), Number(other))))
        mention(text, dates);
    }
  }

  /** Position and length of a year after a date: `6 enero 2028`, `6 de enero de 2028`. */
  #yearAfter(at: number): { year?: string; length: number } {
    for (const step of [0, 1]) {
      const word = this.#said[at + step] ?? '';
      const isNear =
        step === 0 || this.#names.some(({ language }) => language.isStopWord(this.#said[at] ?? ''));
      if (isNear && /^20\d\d$/.test(word)) return { year: word, length: step + 1 };
    }
    return { length: 0 };
  }

  #readHolidays({ holidays }: DayNames): void {
    for (let at = 0; at < this.#said.length; at++) {
      if (this.#positions.has(at)) continue;
      const holiday = holidays.find(({ phrase }) => this.#isAt(phrase, at));
      if (!holiday) continue;
      const { year, length } = this.#yearAfter(at + holiday.phrase.length);
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

  /** A month with the days beside it: `25 December`, `December the 25th`, `24 and 25 December`. */
  #readMonths(names: DayNames): void {
    for (let at = 0; at < this.#said.length; at++) {
      if (this.#positions.has(at)) continue;
      const step = [-1, 1, -2, 2, -3].find(
        (one) => dayOf(this.#said[at + one]) !== undefined && !this.#positions.has(at + one),
      );
      const month = step === undefined ? undefined : monthOf(this.#said[at] ?? '', names);
      if (month === undefined || step === undefined) continue;
      const first = at + step;
      const from = Math.min(at, first);
      const to = Math.max(at, first);
      const { year, length } = this.#yearAfter(to + 1);
      const read = (day: number): string[] => dateOf(this.#today, month, day, year);
      this.#mention('date', from, to - from + 1 + length, read(dayOf(this.#said[first]) ?? 0));
      this.#readBeside(first, step < 0 ? -1 : 1, read);
    }
  }

  /** More days of the same month, joined to one. */
  #readBeside(first: number, direction: 1 | -1, read: (day: number) => string[]): void {
    let beside = first;
    for (;;) {
      const next = [beside + direction, beside + 2 * direction, beside + 3 * direction].find(
        (one) => dayOf(this.#said[one]) !== undefined,
      );
      if (next === undefined || this.#positions.has(next) || !this.#isJoined(next, beside)) return;
      this.#mention('date', next, 1, read(dayOf(this.#said[next]) ?? 0));
      beside = next;
    }
  }

  /** Whether a word such as `and`, `or` and `to`, or a dash, stands between two places, with nothing else. */
  #isJoined(one: number, other: number): boolean {
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    return this.#isBetween(from + 1, to, ['joins', 'either', 'until']) || this.#isDashed(from, to);
  }

  #isDashed(last: number, next: number): boolean {
    if (next !== last + 1) return false;
    const beside = [this.#said[last] ?? '', this.#said[next] ?? ''];
    // As it was written: `mon-fri` is said as Monday and Friday.
    const isWord = (written: string, word: string): boolean =>
      written === word || (/^\p{L}{2}/u.test(word) && written.slice(0, 2) === word.slice(0, 2));
    return this.#raw
      .replaceAll('.-', '-')
      .matchAll(/([\p{L}\p{N}]+)-(?=([\p{L}\p{N}]+))/gu)
      .some((pair) => beside.every((word, at) => isWord(pair[at + 1] ?? '', word)));
  }

  /** Whether one of the words is of these kinds, and the others are articles and their like. */
  #isBetween(from: number, to: number, kinds: readonly ('joins' | 'either' | 'until')[]): boolean {
    const between = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset);
    const isOf = (at: number): boolean => kinds.some((kind) => this.#isOneOf(kind, at));
    return between.some(isOf) && between.every((at) => isOf(at) || this.#isFiller(at));
  }

  #isFiller(at: number): boolean {
    return (
      this.#isOneOf('before', at) ||
      this.#names.some(({ language }) => language.isStopWord(this.#said[at] ?? ''))
    );
  }

  #readNames(names: DayNames): void {
    const { own, keys } = names;
    for (let at = 0; at < this.#said.length; at++) {
      if (this.#positions.has(at)) continue;
      const ahead = this.#aheadAt(names, at) ?? this.#dayOfMonthAt(names, at);
      if (ahead) {
        this.#mention('date', at, ahead.length, ahead.dates);
        continue;
      }
      const weekend = own.weekend.find((phrase) => this.#isAt(phrase, at, keys));
      if (weekend) {
        this.#mention(
          'weekday',
          at,
          weekend.length,
          own.weekendDays.map((day) => this.#next(day)),
        );
        continue;
      }
      const weekday = this.#weekdayAt(names, at);
      if (weekday) {
        this.#mention('weekday', at, weekday.length, [this.#next(weekday.weekday)]);
        continue;
      }
      const relative = names.relative.find(({ phrase }) => this.#isAt(phrase, at));
      if (relative)
        this.#mention('relative', at, relative.phrase.length, [addDays(this.#today, relative.days)]);
    }
  }

  #next(weekday: number): string {
    return addDays(this.#today, (weekday - weekdayOf(this.#today) + 7) % 7);
  }

  #weekdayAt(names: DayNames, at: number): { weekday: number; length: number } | undefined {
    const { weekdays, weekdayPhrases, keys } = names;
    const word = this.#said[at] ?? '';
    const phrase = weekdayPhrases.find((one) => this.#isAt(one.phrase, at, keys));
    const weekday =
      weekdays.get(word) ??
      (word.length > 4 ? weekdays.get(word.replace(/s$/, '')) : undefined) ??
      phrase?.weekday ??
      names.inflected.get(keys(word)[0] ?? '');
    if (weekday !== undefined) return { weekday, length: phrase?.phrase.length ?? 1 };
    // Of `ראשון עד חמישי` neither is a weekday without the other.
    const bare = (one: number): number | undefined =>
      weekdayPhrases.find(
        (each) =>
          each.phrase.length === 2 && [this.#said[one], this.#said[one]?.slice(1)].includes(each.phrase[1]),
      )?.weekday;
    const isEnd = this.#isOneOf('until', at - 1) && this.#said[at - 2] !== undefined;
    const isBegin = this.#isOneOf('until', at + 1);
    const other = isEnd ? at - 2 : isBegin ? at + 2 : undefined;
    const mine = other === undefined ? undefined : bare(at);
    if (mine === undefined || other === undefined) return undefined;
    return bare(other) === undefined && !this.#positions.has(other)
      ? undefined
      : { weekday: mine, length: 1 };
  }

  /** `in 3 days`, `in two weeks`. */
  #aheadAt({ own }: DayNames, at: number): { dates: string[]; length: number } | undefined {
    for (const { phrase, days } of own.ahead) {
      const place = phrase.indexOf('n');
      const word = this.#said[at + place] ?? '';
      const counted = own.numbers.get(word) ?? (/^\d{1,2}$/.test(word) ? Number(word) : undefined);
      const count = place === -1 ? 1 : counted;
      if (
        count === undefined ||
        !phrase.every((one, offset) => offset === place || this.#said[at + offset] === one)
      )
        continue;
      return { dates: [addDays(this.#today, count * days)], length: phrase.length };
    }
    return undefined;
  }

  /** `on the 4th`, `am 4.`, `el día 4`, where nothing is counted: not `on the 4th floor`. */
  #dayOfMonthAt({ own, language }: DayNames, at: number): { dates: string[]; length: number } | undefined {
    for (const phrase of own.ofMonth) {
      const place = phrase.findIndex((word) => word === 'n' || word === 'nth');
      const word = this.#said[at + place] ?? '';
      const day = dayOf(word);
      if (
        day === undefined ||
        this.#positions.has(at + place) ||
        !phrase.every((one, offset) => offset === place || this.#said[at + offset] === one)
      )
        continue;
      const isOrdinal = !/\d$/.test(word) || new RegExp(`(?<!\\d)${word}\\.(?!\\d)`, 'u').test(this.#raw);
      if (phrase[place] === 'nth' && !isOrdinal) continue;
      const next = this.#said[at + phrase.length];
      const isAlone =
        next === undefined ||
        this.#isFiller(at + phrase.length) ||
        this.#isOneOf('joins', at + phrase.length) ||
        language.presence.at([language.keys(next)], 0) !== undefined;
      if (!isAlone) continue;
      return { dates: nextOfMonth(this.#today, day), length: phrase.length };
    }
    return undefined;
  }

  /** After a day: `in the morning`, `por la mañana`. */
  #takePartOfDay(at: number): void {
    for (const { own } of this.#names) {
      const phrase = own.parts.find((one) => this.#isAt(one, at));
      if (phrase) this.#take(at, phrase.length);
    }
  }

  #combined(): { dates: string[]; isStretch: boolean } {
    const mentions = this.#mentions.toSorted((one, other) => one.at - other.at);
    const isDated = mentions.some(({ kind }) => kind !== 'relative');
    const dates: string[] = [];
    let longest: string[] = [];
    for (const [index, one] of mentions.entries()) {
      const before = mentions[index - 1];
      const next = mentions[index + 1];
      const isJoinedTo = (other: Mention | undefined): boolean =>
        other !== undefined &&
        (other.at < one.at
          ? this.#isJoined(other.at + other.length - 1, one.at)
          : this.#isJoined(one.at + one.length - 1, other.at));
      const isSame = (other: Mention | undefined): boolean =>
        other?.kind === 'date' && this.#isOneDay(one, other);
      if (one.kind === 'weekday' && one.dates.length === 1 && (isSame(before) || isSame(next))) continue;
      if (one.kind === 'relative' && isDated && !isJoinedTo(before) && !isJoinedTo(next)) continue;
      dates.push(...one.dates);
      const stretch = next && this.#stretch(one, next);
      if (stretch && stretch.length > longest.length) longest = stretch;
    }
    const all = [...new Set([...dates, ...longest])].toSorted();
    return longest.length > MOST_DAYS
      ? { dates: longest, isStretch: true }
      : { dates: all.slice(0, MOST_DAYS), isStretch: false };
  }

  /** `Samstag, 28.3.`, `Saturday the 28th of March`. */
  #isOneDay(one: Mention, other: Mention): boolean {
    const [first, second] = one.at < other.at ? [one, other] : [other, one];
    for (let at = first.at + first.length; at < second.at; at++) {
      const isApart = (['joins', 'either', 'until'] as const).some((kind) => this.#isOneOf(kind, at));
      if (isApart || !this.#isFiller(at)) return false;
    }
    return true;
  }

  /** The days from one to another, where a word such as `to` or a dash stands between them. */
  #stretch(one: Mention, next: Mention): string[] | undefined {
    const end = one.at + one.length;
    const isStretch = this.#isBetween(end, next.at, ['until']) || this.#isDashed(end - 1, next.at);
    const [first] = one.dates;
    let last = next.dates.at(-1);
    if (!isStretch || first === undefined || last === undefined) return undefined;
    if (last < first && next.kind === 'weekday') last = addDays(last, 7);
    this.#take(end, next.at - end);
    const days: string[] = [];
    for (let day = first; day <= last && days.length < LONGEST_STRETCH; day = addDays(day, 1)) days.push(day);
    return days;
  }
}
