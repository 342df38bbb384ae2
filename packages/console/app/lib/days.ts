/** The local date and time of a zone as if it were UTC, in ms. `zone` undefined: the browser's own. */
function localTimeAsUtc(time: number, zone: string | undefined): number {
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

/** When a day (`2026-11-29`) begins and ends in a zone, as ISO 8601; undefined for an invalid day. */
export function boundsOfDay(
  day: string,
  zone: string | undefined,
): { after: string; before: string } | undefined {
  const midnight = isoDay.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(midnight)) return undefined;
  return {
    after: new Date(fromLocalTime(midnight, zone)).toISOString(),
    before: new Date(fromLocalTime(midnight + DAY_MS, zone)).toISOString(),
  };
}

/** Corrects the guess twice, because the offset may change between the first guess and the result. */
function fromLocalTime(local: number, zone: string | undefined): number {
  const guess = local - (localTimeAsUtc(local, zone) - local);
  return guess - (localTimeAsUtc(guess, zone) - local);
}
