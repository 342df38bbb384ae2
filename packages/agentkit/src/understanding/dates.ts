import { addDays, isRealDate } from '../local-date.ts';

/** The date of a month and day in a year (`2026` or `26`), without a year the next one. Empty for 31 April. */
export function dateOf(today: string, month: number, day: number, year: string | undefined): string[] {
  const named = year?.padStart(4, '20');
  const date = nextDate(named === undefined ? today : `${named}-01-01`, month, day);
  return date === undefined || (named !== undefined && !date.startsWith(named)) ? [] : [date];
}

/** The next date, from `today` on, with this month and day. Undefined for 31 April. Leap days are up to eight years apart. */
function nextDate(today: string, month: number, day: number): string | undefined {
  for (let year = Number(today.slice(0, 4)); year < Number(today.slice(0, 4)) + 9; year++) {
    const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    if (isRealDate(date) && date >= today) return date;
  }
  return undefined;
}

/** The next date, from `today` on, that is this day of a month. */
export function nextOfMonth(today: string, day: number): string[] {
  for (let ahead = 0; ahead < 62; ahead++) {
    const date = addDays(today, ahead);
    if (Number(date.slice(8)) === day) return [date];
  }
  return [];
}
