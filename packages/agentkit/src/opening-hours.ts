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

/** How far back opening hours are looked for: longer than most holidays. */
const lookBackMinutes = 14 * 24 * 60;

/**
 * The latest instant from which until `now` a business has been open for so many minutes; one without any hours counts as open all the
 * time. Undefined while it is closed, and where it was not open for so long in the last two weeks. It walks back minute by minute on
 * the wall clock, which takes a change to or from summer time into account.
 */
export function openMinutesAgo(
  hours: OpeningHours,
  timeZone: string,
  now: Date,
  minutes: number,
): Date | undefined {
  const before = (ago: number): Date => new Date(now.getTime() - ago * 60_000);
  if (Object.values(hours.week).every((stretches) => stretches.length === 0)) return before(minutes);
  if (!stretchAt(hours, wallClock(now, timeZone))) return undefined;
  let open = 0;
  for (let ago = 1; ago <= lookBackMinutes; ago++) {
    const at = before(ago);
    if (stretchAt(hours, wallClock(at, timeZone)) && ++open === minutes) return at;
  }
  return undefined;
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
  return (hours.week[weekday] ?? []).map(parseStretch);
}

function parseStretch(text: string): Stretch {
  const [from = '', to = ''] = text.split('-');
  return { from, to, overnight: to <= from };
}

interface WallClock {
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

function wallClock(now: Date, timeZone: string): WallClock {
  const parts = clockOf(timeZone).formatToParts(now);
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
