import { addDays } from '../local-date.ts';
import { hoursOn, weekdayName, weekdays } from '../opening-hours.ts';
import { wallClock } from '../wall-clock.ts';
import type { Profile } from '../profile/profile.ts';

/** Days from today on whose hours a model is given, and which it may name. */
const DAYS_AHEAD = 14;
/** Most dates with special hours, and most closed days, that a model is given. */
const MAX_SPECIAL_DATES = 60;

/** The times in a prompt: now, the usual week, each of the next days, closed days and dates with special hours. */
export function scheduleText({ hours, timeZone }: Profile, now: Date): string {
  const { date: today, time } = wallClock(now, timeZone);
  const week = weekdays.map((day) => `${day} ${rangesText(hours.week[day])}`);
  const days = Array.from({ length: DAYS_AHEAD }, (_, ahead) => addDays(today, ahead)).map(
    (date) => `${date} ${weekdayName(date)} ${rangesText(hoursOn(hours, date))}`,
  );
  const upcoming = (dates: readonly string[]): string[] =>
    dates
      .filter((date) => date >= today)
      .toSorted()
      .slice(0, MAX_SPECIAL_DATES);
  const closed = upcoming(hours.closedOn);
  const own = upcoming(Object.keys(hours.openOn ?? {}));
  return [
    `Now: ${weekdayName(today)}, ${today}, ${time} (time zone ${timeZone})`,
    `Opening hours of a usual week: ${week.join('; ')}`,
    `The next ${DAYS_AHEAD} days:`,
    ...days,
    ...(closed.length === 0 ? [] : [`Closed days: ${closed.map(withWeekday).join(', ')}`]),
    ...own.map((date) => `Other hours on ${withWeekday(date)}: ${rangesText(hours.openOn?.[date])}`),
  ].join('\n');
}

const rangesText = (ranges: readonly string[] = []): string =>
  ranges.length === 0 ? 'closed' : ranges.join(', ');

const withWeekday = (date: string): string => `${date} ${weekdayName(date)}`;
