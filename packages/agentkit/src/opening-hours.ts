import { addDays, weekdayOf } from './local-date.ts';
import type { OpeningHours, Profile, Weekday } from './profile/profile.ts';
import { fillTemplate, formatDay } from './template.ts';
import { type WallClock, minutesOf, wallClock } from './wall-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How far ahead the next opening is searched, and how far back earlier opening hours. */
const SEARCH_DAYS = 60;

export interface OpenState {
  open: boolean;
  /** Local time at which it closes, `HH:MM`. */
  until?: string;
  /** Local date and time of the next opening. Absent while it is open, and if it does not open within 60 days. */
  next?: { date: string; time: string };
}

/** 0 is Sunday. */
export const weekdays: readonly Weekday[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

interface TimeRange {
  from: string;
  to: string;
  /** Runs past midnight: `18:00-02:00`. */
  overnight: boolean;
}

/** Whether the business is open at `now`. Compares wall-clock times of its zone only, so that daylight saving time needs no arithmetic. */
export function openState(hours: OpeningHours, timeZone: string, now: Date): OpenState {
  const { date, time } = wallClock(now, timeZone);
  const current = rangeAt(hours, { date, time });
  if (current) return { open: true, until: current.to };
  for (let ahead = 0; ahead < SEARCH_DAYS; ahead++) {
    const day = addDays(date, ahead);
    const from = rangesOf(hours, day)
      .map((range) => range.from)
      .filter((start) => ahead > 0 || start > time)
      .toSorted()[0];
    if (from !== undefined) return { open: false, next: { date: day, time: from } };
  }
  return { open: false };
}

/**
 * The latest instant such that the business has been open for `minutes` between it and `now`. Undefined while the business is closed. A
 * business without any opening hours counts as always open. If it was not open for so long within the last 60 days: 60 days ago.
 */
export function openMinutesAgo(
  hours: OpeningHours,
  timeZone: string,
  now: Date,
  minutes: number,
): Date | undefined {
  const before = (at: Date, ago: number): Date => new Date(at.getTime() - ago * MINUTE_MS);
  const all = [...Object.values(hours.week), ...Object.values(hours.openOn ?? {})];
  if (all.every((ranges) => ranges.length === 0)) return before(now, minutes);
  if (!rangeAt(hours, wallClock(now, timeZone))) return undefined;
  const oldest = new Date(now.getTime() - SEARCH_DAYS * DAY_MS);
  let missing = minutes;
  // Walks back on the wall clock, from one opening or closing to the one before.
  let at = before(now, 1);
  while (at > oldest) {
    const clock = wallClock(at, timeZone);
    const unchanged =
      1 + minutesWithoutClockChange(at, timeZone, minutesOf(clock.time) - lastOpeningOrClosing(hours, clock));
    if (rangeAt(hours, clock)) {
      if (unchanged >= missing) return before(at, missing - 1);
      missing -= unchanged;
    }
    at = before(at, unchanged);
  }
  return oldest;
}

/** The last minute of the local day, up to now, at which the business may have opened or closed. Midnight counts. */
function lastOpeningOrClosing(hours: OpeningHours, { date, time }: WallClock): number {
  const today = rangesOf(hours, date).flatMap(({ from, to }) => [from, to]);
  const yesterday = rangesOf(hours, addDays(date, -1)).map(({ to }) => to);
  return Math.max(0, ...[...today, ...yesterday].filter((change) => change <= time).map(minutesOf));
}

/** A number of minutes before `at`, at most `minutes`, in which the wall clock was not changed for daylight saving time. */
function minutesWithoutClockChange(at: Date, timeZone: string, minutes: number): number {
  const end = minutesOf(wallClock(at, timeZone).time);
  let back = minutes;
  while (
    back > 0 &&
    minutesOf(wallClock(new Date(at.getTime() - back * MINUTE_MS), timeZone).time) !== end - back
  )
    back = Math.floor(back / 2);
  return back;
}

/** Whether `now` is within a daily range of local time, such as `22:00-07:00`. */
export function isWithin(range: string, timeZone: string, now: Date): boolean {
  const { from, to, overnight } = parseTimeRange(range);
  const { time } = wallClock(now, timeZone);
  return overnight ? time >= from || time < to : time >= from && time < to;
}

/** The answer to "are you open?", in the profile's own words. */
export function hoursAnswer(profile: Profile, now: Date): string {
  const { hours } = profile;
  const state = openState(hours, profile.timeZone, now);
  if (!state.open && !state.next) return hours.never;
  return fillHours(state.open ? hours.open : hours.closed, profile, now);
}

/** Fills {until}, {day}, {time} and {hours} of a text: when the business closes, or opens next. */
export function fillHours(template: string, { hours, language, timeZone }: Profile, now: Date): string {
  const { until = '', next } = openState(hours, timeZone, now);
  return fillTemplate(template, {
    until,
    day: next === undefined ? '' : formatDay(next.date, language),
    time: next?.time ?? '',
    hours: describeWeek(hours, language),
  });
}

export function describeWeek(hours: OpeningHours, language: string): string {
  const name = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
  const sunday = Date.UTC(2023, 0, 1, 12);
  return weekdays
    .flatMap((weekday, index) => {
      const ranges = hours.week[weekday] ?? [];
      if (ranges.length === 0) return [];
      return [`${name.format(sunday + index * DAY_MS)} ${ranges.join(', ')}`];
    })
    .join('; ');
}

/** The opening hours of a local date, as the profile writes them. */
export function hoursOn({ week, closedOn, openOn = {} }: OpeningHours, date: string): readonly string[] {
  if (closedOn.includes(date)) return [];
  return openOn[date] ?? week[weekdayName(date)] ?? [];
}

export const weekdayName = (date: string): Weekday => weekdays[weekdayOf(date)] ?? 'sunday';

const rangesOf = (hours: OpeningHours, date: string): TimeRange[] => hoursOn(hours, date).map(parseTimeRange);

function parseTimeRange(text: string): TimeRange {
  const [from = '', to = ''] = text.split('-');
  return { from, to, overnight: to <= from };
}

/** The opening hours that a local time is within. */
function rangeAt(hours: OpeningHours, { date, time }: WallClock): TimeRange | undefined {
  return (
    rangesOf(hours, date).find(({ from, to, overnight }) => time >= from && (overnight || time < to)) ??
    rangesOf(hours, addDays(date, -1)).find(({ to, overnight }) => overnight && time < to)
  );
}
