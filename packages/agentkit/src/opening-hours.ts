import type { OpeningHours, Profile, Weekday } from './profile.ts';

export interface OpenState {
  open: boolean;
  /** Local wall-clock time of the end of the current stretch, `HH:MM`. */
  until?: string;
  /** The next opening: local date and time. Absent when open or never open. */
  next?: { date: string; time: string };
}

const weekdays: readonly Weekday[] = [
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
  for (const stretch of stretchesOf(hours, date)) {
    if (time >= stretch.from && (stretch.overnight || time < stretch.to))
      return { open: true, until: stretch.to };
  }
  for (const stretch of stretchesOf(hours, addDays(date, -1))) {
    if (stretch.overnight && time < stretch.to) return { open: true, until: stretch.to };
  }
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

function describeWeek(hours: OpeningHours, language: string): string {
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

function stretchesOf(hours: OpeningHours, date: string): Stretch[] {
  if (hours.closedOn.includes(date)) return [];
  const weekday = weekdays[atNoon(date).getUTCDay()] as Weekday;
  return (hours.week[weekday] ?? []).map((text) => {
    const [from = '', to = ''] = text.split('-');
    return { from, to, overnight: to <= from };
  });
}

function wallClock(now: Date, timeZone: string): { date: string; time: string } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((p) => p.type === type)?.value ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
  };
}

function atNoon(date: string): Date {
  return new Date(`${date}T12:00:00Z`);
}

function addDays(date: string, days: number): string {
  const day = atNoon(date);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}
