import { addDays, atNoon } from '../local-date.ts';

/** Days from Easter Sunday; several where a name stands for several days. */
const fromEaster: Readonly<Record<string, readonly number[]>> = {
  shroveMonday: [-48],
  shroveTuesday: [-47],
  ashWednesday: [-46],
  palmSunday: [-7],
  maundyThursday: [-3],
  goodFriday: [-2],
  holySaturday: [-1],
  easter: [-2, 0, 1],
  easterSunday: [0],
  easterMonday: [1],
  ascension: [39],
  whitsun: [49, 50],
  whitSunday: [49],
  whitMonday: [50],
  corpusChristi: [60],
};

/** Days of the Hebrew calendar, with the names of its months as `Intl` writes them in English. */
const hebrew: Readonly<Record<string, readonly string[]>> = {
  roshHashanahEve: ['29 Elul'],
  roshHashanah: ['1 Tishri', '2 Tishri'],
  yomKippurEve: ['9 Tishri'],
  yomKippur: ['10 Tishri'],
  sukkotEve: ['14 Tishri'],
  sukkot: ['15 Tishri'],
  simchatTorah: ['22 Tishri'],
  hanukkah: ['25 Kislev'],
  // In a leap year Purim is in the second Adar.
  purim: ['14 Adar', '14 Adar II'],
  seder: ['14 Nisan'],
  passover: ['15 Nisan'],
  shavuotEve: ['5 Sivan'],
  shavuot: ['6 Sivan'],
};

/** Names of the feasts that move with the year: keys of `movable` in the files of languages. */
export const feasts: readonly string[] = [...Object.keys(fromEaster), ...Object.keys(hebrew)];

/**
 * Easter Sunday of the Gregorian calendar: the anonymous algorithm of "Nature", 20 April 1876, as in J. Meeus,
 * Astronomical Algorithms, chapter 8.
 */
function easter(year: number): string {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - d - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const sum = h + l - 7 * m + 114;
  return new Date(Date.UTC(year, Math.floor(sum / 31) - 1, (sum % 31) + 1)).toISOString().slice(0, 10);
}

const hebrewYears = new Map<number, ReadonlyMap<string, string>>();

/** The dates of one of our years by day and month of the Hebrew calendar. */
function hebrewDays(year: number): ReadonlyMap<string, string> {
  const known = hebrewYears.get(year);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-u-ca-hebrew', {
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  const days = new Map<string, string>();
  for (let date = `${year}-01-01`; date.startsWith(String(year)); date = addDays(date, 1)) {
    const parts = format.formatToParts(atNoon(date));
    const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
    // `Adar I` of a leap year is not `Adar`.
    days.set(`${part('day')} ${part('month')}`, date);
  }
  if (hebrewYears.size > 20) hebrewYears.clear();
  hebrewYears.set(year, days);
  return days;
}

/** Local dates of a feast in a year, oldest first. */
export function feastIn(feast: string, year: number): string[] {
  const offsets = fromEaster[feast];
  if (offsets) return offsets.map((days) => addDays(easter(year), days));
  const days = hebrewDays(year);
  return (hebrew[feast] ?? []).flatMap((name) => days.get(name) ?? []);
}
