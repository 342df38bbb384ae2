// Reads the opening hours of a profile.
import { isRealDate } from '../local-date.ts';
import { weekdays } from '../opening-hours.ts';
import { minutesOf } from '../wall-clock.ts';
import { languageTag } from './names.ts';
import type { OpeningHours } from './profile.ts';
import {
  Localized,
  type Path,
  type Reader,
  type Reading,
  forms,
  isMap,
  list,
  object,
  shown,
  text,
} from './shape.ts';

const TIME_RANGE = /^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

export const timeRange: Reader<string> = (value, path, { faults }) => {
  if (typeof value !== 'string' || !TIME_RANGE.test(value)) {
    faults.push({ path, message: `${shown(value)} is not a time range such as 09:00-18:00` });
    return undefined;
  }
  const [from, to] = value.split('-');
  if (from !== to) return value;
  faults.push({ path, message: `${shown(value)} ends when it begins; a whole day is 00:00-24:00` });
  return undefined;
};

const DAY_MINUTES = 24 * 60;
/** Minutes since the day's midnight. A time range that runs past midnight ends after 24:00. */
function spanOf(part: string): { from: number; to: number } {
  const [from, to] = part.split('-').map(minutesOf) as [number, number];
  return { from, to: to <= from ? to + DAY_MINUTES : to };
}
const overlap = (one: { from: number; to: number }, other: { from: number; to: number }): boolean =>
  one.from < other.to && other.from < one.to;

/** The opening hours of one day. */
const day: Reader<string[]> = (value, path, reading) => {
  const found = list(timeRange, { most: 10 })(value, path, reading);
  for (const [at, part] of found?.entries() ?? []) {
    const before = found!.slice(0, at).find((other) => part && other && overlap(spanOf(part), spanOf(other)));
    if (before !== undefined)
      reading.faults.push({ path: [...path, at], message: `${shown(part)} overlaps with ${shown(before)}` });
  }
  return found;
};

const weekFields = object(
  {},
  { monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day },
);

const week: Reader<OpeningHours['week']> = (value, path, reading) => {
  const found = weekFields(value, path, reading);
  for (const [index, name] of weekdays.entries()) {
    const next = weekdays[(index + 1) % weekdays.length]!;
    for (const late of found?.[name] ?? []) {
      if (!late) continue;
      const span = spanOf(late);
      const onNextDay = { from: span.from - DAY_MINUTES, to: span.to - DAY_MINUTES };
      const at = (found?.[next] ?? []).findIndex((early) => early && overlap(onNextDay, spanOf(early)));
      if (at !== -1)
        reading.faults.push({
          path: [...path, next, at],
          message: `${shown(found?.[next]?.[at])} overlaps with ${shown(late)} of ${name}`,
        });
    }
  }
  return found;
};
Object.assign(week, { fields: weekFields.fields });

const date: Reader<string> = (value, path, { faults }) => {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) {
    faults.push({ path, message: `${shown(value)} is not a date such as 2026-12-25` });
    return undefined;
  }
  if (isRealDate(value)) return value;
  faults.push({ path, message: `${shown(value)}: the calendar has no such day` });
  return undefined;
};

/** Dates with hours of their own. */
const openOn: Reader<Record<string, string[]>> = (value, path, reading) => {
  if (!isMap(value)) {
    reading.faults.push({ path, message: "is not a map such as '2026-12-24': ['09:00-12:00']" });
    return undefined;
  }
  const found: Record<string, string[]> = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    const read = day(inner, at, reading);
    if (date(key, at, reading) !== undefined && read !== undefined) found[key] = read;
  }
  return found;
};

/** The placeholders of a text that says when it opens again. */
export const opens: string[] = ['day', 'time', 'hours'];
/** The placeholders of a text about one day. */
export const dayText: { knows: string[] } = { knows: ['day', 'hours', 'week'] };

const hoursForms = forms(() => ['hours']);
/** The questions of all languages. In each language its own come first, because the first one is offered to customers. */
const hoursQuestions: Reader<Localized<string[]>> = (value, path, reading) => {
  const all = hoursForms(value, path, reading);
  if (all === undefined) return undefined;
  const parts = isMap(value) ? Object.entries(value) : [];
  const own = (tag: string): unknown[] =>
    parts.filter(([key]) => languageTag(key) === tag).flatMap(([, part]) => part);
  return new Localized(
    new Map(
      reading.languages.map((tag) => {
        const first = own(tag);
        return [
          tag,
          [...all.filter((form) => first.includes(form)), ...all.filter((form) => !first.includes(form))],
        ];
      }),
    ),
  );
};

const hoursFields = object(
  {
    week,
    questions: hoursQuestions,
    open: text({ knows: ['until', 'hours'] }),
    closed: text({ knows: opens }),
    never: text(),
  },
  {
    closedOn: list(date, { most: 1000 }),
    openOn,
    onDay: object({}, { open: text(dayText), closed: text(dayText) }),
  },
);

/** The opening hours as they were read. */
interface Hours {
  week: OpeningHours['week'];
  questions: Localized<string[]>;
  open: Localized<string>;
  closed: Localized<string>;
  never: Localized<string>;
  closedOn?: string[];
  openOn?: Record<string, string[]>;
  onDay?: { open?: Localized<string>; closed?: Localized<string> };
}

export const hours: Reader<Hours> = Object.assign(
  (value: unknown, path: Path, reading: Reading) => {
    const found = hoursFields(value, path, reading);
    for (const [at, closed] of found?.closedOn?.entries() ?? [])
      if (closed && isMap(value) && isMap(value['openOn']) && Object.hasOwn(value['openOn'], closed))
        reading.faults.push({
          path: [...path, 'closedOn', at],
          message: `${shown(closed)} stands in openOn, too`,
        });
    return found;
  },
  { fields: hoursFields.fields! },
);
