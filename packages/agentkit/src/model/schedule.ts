import { addDays } from '../local-date.ts';
import { hoursOn, weekdayName, weekdays } from '../opening-hours.ts';
import { wallClock } from '../wall-clock.ts';
import type { Profile } from '../profile/profile.ts';

/** Days from today on that a model is told, and may name. */
const DAYS = 14;
/** Dates with hours of their own and closed days, from today on, that a model is told. */
const SPECIAL_DATES = 60;

/** What a model is told of times: now, the usual week, the next days one by one, and dates that are not like others. */
export function scheduleText({ hours, timeZone }: Profile, now: Date): string {
  const { date: today, time } = wallClock(now, timeZone);
  const week = weekdays.map((day) => `${day} ${stretchesText(hours.week[day])}`);
  const days = Array.from({ length: DAYS }, (_, ahead) => addDays(today, ahead)).map(
    (date) => `${date} ${weekdayName(date)} ${stretchesText(hoursOn(hours, date))}`,
  );
  const upcoming = (dates: readonly string[]): string[] =>
    dates
      .filter((date) => date >= today)
      .toSorted()
      .slice(0, SPECIAL_DATES);
  const closed = upcoming(hours.closedOn);
  const own = upcoming(Object.keys(hours.openOn ?? {}));
  return [
    `Now: ${weekdayName(today)}, ${today}, ${time} (time zone ${timeZone})`,
    `Opening hours of a usual week: ${week.join('; ')}`,
    `The next ${DAYS} days:`,
    ...days,
    ...(closed.length === 0 ? [] : [`Closed days: ${closed.map(withWeekday).join(', ')}`]),
    ...own.map((date) => `Other hours on ${withWeekday(date)}: ${stretchesText(hours.openOn?.[date])}`),
  ].join('\n');
}

const stretchesText = (stretches: readonly string[] = []): string =>
  stretches.length === 0 ? 'closed' : stretches.join(', ');

const withWeekday = (date: string): string => `${date} ${weekdayName(date)}`;
