/** Arithmetic on local dates, `2026-03-11`, at their noon in UTC, where no change of summer time is near. */
export const atNoon = (date: string): Date => new Date(`${date}T12:00:00Z`);

/** 0 is Sunday. */
export const weekdayOf = (date: string): number => atNoon(date).getUTCDay();

export function addDays(date: string, days: number): string {
  const day = atNoon(date);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/** Whether a calendar has the date: not `2027-02-29`. */
export function isRealDate(date: string): boolean {
  const day = atNoon(date);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
