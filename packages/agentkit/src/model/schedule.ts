import type { OpeningHours, Profile, Weekday } from '../profile/profile.ts';

/** Days from today on that a model is told, and may name. */
const DAYS = 14;
/** Dates with hours of their own and closed days, from today on, that a model is told. */
const SPECIAL_DATES = 60;

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** What a model is told of times: now, the usual week, the next days one by one, and dates that are not like others. */
export function scheduleText({ hours, timeZone }: Profile, now: Date): string {
  // The Swedish form is `2026-01-12 10:00`.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const [today = '', time = ''] = format.format(now).split(' ');
  const week = weekdays.map((day) => `${day} ${stretchesText(hours.week[day])}`);
  const days = Array.from({ length: DAYS }, (_, ahead) => addDays(today, ahead)).map(
    (date) => `${date} ${weekdayOf(date)} ${stretchesText(stretchesOn(hours, date))}`,
  );
  const upcoming = (dates: readonly string[]): string[] =>
    dates
      .filter((date) => date >= today)
      .toSorted()
      .slice(0, SPECIAL_DATES);
  const closed = upcoming(hours.closedOn);
  const own = upcoming(Object.keys(hours.openOn ?? {}));
  return [
    `Now: ${weekdayOf(today)}, ${today}, ${time} (time zone ${timeZone})`,
    `Opening hours of a usual week: ${week.join('; ')}`,
    `The next ${DAYS} days:`,
    ...days,
    ...(closed.length === 0 ? [] : [`Closed days: ${closed.map(withWeekday).join(', ')}`]),
    ...own.map((date) => `Other hours on ${withWeekday(date)}: ${stretchesText(hours.openOn?.[date])}`),
  ].join('\n');
}

/** A date with hours of its own is what its hours say, though it is among the closed ones, too. */
function stretchesOn({ week, closedOn, openOn = {} }: OpeningHours, date: string): readonly string[] {
  return openOn[date] ?? (closedOn.includes(date) ? [] : (week[weekdayOf(date)] ?? []));
}

const stretchesText = (stretches: readonly string[] = []): string =>
  stretches.length === 0 ? 'closed' : stretches.join(', ');

const withWeekday = (date: string): string => `${date} ${weekdayOf(date)}`;

function weekdayOf(date: string): Weekday {
  return weekdays[atNoon(date).getUTCDay()] ?? 'sunday';
}

function addDays(date: string, days: number): string {
  const day = atNoon(date);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

function atNoon(date: string): Date {
  return new Date(`${date}T12:00:00Z`);
}
