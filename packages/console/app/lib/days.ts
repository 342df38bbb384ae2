/** Days as people mean them: in the zone of the business, or the browser's own (undefined). */

/** `2026-11-29` and the time of day there, as if it were UTC. */
function wallClock(time: number, zone: string | undefined): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(time);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

const DAY_MS = 86_400_000;
const isoDay = /^\d{4}-\d{2}-\d{2}$/;

/** When a day (`2026-11-29`) begins and ends there, as ISO 8601; undefined for what is no day. */
export function boundsOfDay(
  day: string,
  zone: string | undefined,
): { after: string; before: string } | undefined {
  const midnight = isoDay.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(midnight)) return undefined;
  return {
    after: new Date(atWallClock(midnight, zone)).toISOString(),
    before: new Date(atWallClock(midnight + DAY_MS, zone)).toISOString(),
  };
}

/** Twice, because the clock may be changed between the first guess and the answer. */
function atWallClock(wall: number, zone: string | undefined): number {
  const guess = wall - (wallClock(wall, zone) - wall);
  return guess - (wallClock(guess, zone) - wall);
}
