// Arithmetic on local dates, `2026-03-11`. It uses noon in UTC, which no change to daylight saving time moves to another date.

/** Noon of a date, in UTC. */
export const atNoon = (date: string): Date => new Date(`${date}T12:00:00Z`);

/** 0 is Sunday. */
export const weekdayOf = (date: string): number => atNoon(date).getUTCDay();

export function addDays(date: string, days: number): string {
  const day = atNoon(date);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/** Whether a date exists: `2027-02-29` does not. */
export function isRealDate(date: string): boolean {
  const day = atNoon(date);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
