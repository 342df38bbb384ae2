import { addDays, atNoon, weekdayOf } from './local-date.ts';
import type { OpeningHours, Profile, Weekday } from './profile/profile.ts';

export interface OpenState {
  open: boolean;
  /** Local wall-clock time of the end of the current stretch, `HH:MM`. */
  until?: string;
  /** The next opening: local date and time. Absent when open or never open. */
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
const searchDays = 60;

interface Stretch {
  from: string;
  to: string;
  /** Runs past midnight: `18:00-02:00`. */
  overnight: boolean;
}

/**
 * Whether the business is open at `now`. Only wall-clock times of the business' zone are compared, so that
 * a change to or from summer time needs no arithmetic of ours.
 */
export function openState(hours: OpeningHours, timeZone: string, now: Date): OpenState {
  const { date, time } = wallClock(now, timeZone);
  const current = stretchAt(hours, { date, time });
  if (current) return { open: true, until: current.to };
  for (let ahead = 0; ahead < searchDays; ahead++) {
    const day = addDays(date, ahead);
    const from = stretchesOf(hours, day)
      .map((stretch) => stretch.from)
      .filter((start) => ahead > 0 || start > time)
      .toSorted()[0];
    if (from !== undefined) return { open: false, next: { date: day, time: from } };
  }
  return { open: false };
}

const minuteMs = 60_000;
/** How far back opening hours are looked for. */
const lookBackMs = searchDays * 24 * 60 * minuteMs;

/**
 * The latest instant from which until `now` a business has been open for so many minutes; one without any hours counts as open all the
 * time. Undefined while it is closed. Where it was not open for so long in the last 60 days, 60 days ago. It walks back on the wall
 * clock from one opening or closing to the one before.
 */
export function openMinutesAgo(
  hours: OpeningHours,
  timeZone: string,
  now: Date,
  minutes: number,
): Date | undefined {
  const before = (at: Date, ago: number): Date => new Date(at.getTime() - ago * minuteMs);
  const all = [...Object.values(hours.week), ...Object.values(hours.openOn ?? {})];
  if (all.every((stretches) => stretches.length === 0)) return before(now, minutes);
  if (!stretchAt(hours, wallClock(now, timeZone))) return undefined;
  const oldest = new Date(now.getTime() - lookBackMs);
  let missing = minutes;
  let at = before(now, 1);
  while (at > oldest) {
    const clock = wallClock(at, timeZone);
    const alike = 1 + minutesUnchanged(at, timeZone, minutesOf(clock.time) - lastChange(hours, clock));
    if (stretchAt(hours, clock)) {
      if (alike >= missing) return before(at, missing - 1);
      missing -= alike;
    }
    at = before(at, alike);
  }
  return oldest;
}

/** The last minute of a local day, up to now, at which the business may have opened or closed; midnight is one. */
function lastChange(hours: OpeningHours, { date, time }: WallClock): number {
  const today = stretchesOf(hours, date).flatMap(({ from, to }) => [from, to]);
  const yesterday = stretchesOf(hours, addDays(date, -1)).map(({ to }) => to);
  return Math.max(0, ...[...today, ...yesterday].filter((change) => change <= time).map(minutesOf));
}

/** So many minutes back, or fewer, the wall clock was neither put forward nor back. */
function minutesUnchanged(at: Date, timeZone: string, minutes: number): number {
  const end = minutesOf(wallClock(at, timeZone).time);
  let back = minutes;
  while (
    back > 0 &&
    minutesOf(wallClock(new Date(at.getTime() - back * minuteMs), timeZone).time) !== end - back
  )
    back = Math.floor(back / 2);
  return back;
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number);
  return hour! * 60 + minute!;
}

/** Whether a local stretch of each day, such as `22:00-07:00`, holds `now`. */
export function isWithin(stretch: string, timeZone: string, now: Date): boolean {
  const { from, to, overnight } = parseStretch(stretch);
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

/** A text with {until}, {day}, {time} and {hours} filled in: when it closes, or opens next. */
export function fillHours(template: string, { hours, language, timeZone }: Profile, now: Date): string {
  const { until = '', next } = openState(hours, timeZone, now);
  const day = new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  return fill(template, {
    until,
    day: next === undefined ? '' : day.format(atNoon(next.date)),
    time: next?.time ?? '',
    hours: describeWeek(hours, language),
  });
}

export function describeWeek(hours: OpeningHours, language: string): string {
  const name = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
  const sunday = Date.UTC(2023, 0, 1, 12);
  return weekdays
    .flatMap((weekday, index) => {
      const stretches = hours.week[weekday] ?? [];
      if (stretches.length === 0) return [];
      return [`${name.format(sunday + index * 86_400_000)} ${stretches.join(', ')}`];
    })
    .join('; ');
}

/** The stretches of a local date, as they are written. */
export function hoursOn({ week, closedOn, openOn = {} }: OpeningHours, date: string): readonly string[] {
  if (closedOn.includes(date)) return [];
  return openOn[date] ?? week[weekdayName(date)] ?? [];
}

export const weekdayName = (date: string): Weekday => weekdays[weekdayOf(date)] ?? 'sunday';

const stretchesOf = (hours: OpeningHours, date: string): Stretch[] => hoursOn(hours, date).map(parseStretch);

function parseStretch(text: string): Stretch {
  const [from = '', to = ''] = text.split('-');
  return { from, to, overnight: to <= from };
}

export interface WallClock {
  date: string;
  time: string;
}

/** The stretch in which the business is open at a local time. */
function stretchAt(hours: OpeningHours, { date, time }: WallClock): Stretch | undefined {
  return (
    stretchesOf(hours, date).find(({ from, to, overnight }) => time >= from && (overnight || time < to)) ??
    stretchesOf(hours, addDays(date, -1)).find(({ to, overnight }) => overnight && time < to)
  );
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
  });
  clocks.set(timeZone, clock);
  return clock;
}

export function wallClock(now: Date, timeZone: string): WallClock {
  const parts = clockOf(timeZone).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((p) => p.type === type)?.value ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
  };
}

function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}
