import { isRealDate } from '../local-date.ts';
import { weekdays } from '../opening-hours.ts';
import { minutesOf } from '../wall-clock.ts';
import { isTimeZone, languageTag, nearestLanguage, nearestTimeZone } from './names.ts';
import type { OpeningHours, Profile } from './profile.ts';
import {
  type Fault,
  Localized,
  type Path,
  type Read,
  type Reader,
  type Reading,
  forms,
  inLanguage,
  isMap,
  line,
  list,
  noteForm,
  object,
  orNull,
  placesOf,
  shown,
  text,
  texts,
  whole,
  words,
} from './shape.ts';
import { comparable } from './learned.ts';

const timeZone: Reader<string> = (value, path, reading) => {
  const name = line(100)(value, path, reading);
  if (name === undefined || isTimeZone(name)) return name;
  const like = nearestTimeZone(name);
  const hint = like === undefined ? ' such as Europe/Berlin' : `; did you mean ${like}?`;
  reading.faults.push({ path, message: `${shown(name)} is not an IANA time zone${hint}` });
  return undefined;
};

const language: Reader<string> = (value, path, reading) => {
  const tag = line(100)(value, path, reading);
  if (tag === undefined) return undefined;
  const known = languageTag(tag);
  if (known !== undefined) return known;
  const like = nearestLanguage(tag);
  const hint = like === undefined ? ' such as en or he' : `; did you mean ${like}?`;
  reading.faults.push({ path, message: `${shown(tag)} is not a language tag${hint}` });
  return undefined;
};

const TIME_RANGE = /^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

const timeRange: Reader<string> = (value, path, { faults }) => {
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

const opens = ['day', 'time', 'hours'];
const dayText = { knows: ['day', 'hours', 'week'] };

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

const hours: typeof hoursFields = Object.assign(
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

const question = text();
const also = forms((path) => path.slice(0, -1));
const entryFields = object({ question, answer: text() }, { also });

/** An FAQ entry as it was read. The question in other languages is one more phrasing. */
interface Entry {
  question: Localized<string>;
  answer: Localized<string>;
  also?: Localized<string[]>;
}

const entry: Reader<Entry> = Object.assign(
  (value: unknown, path: Path, reading: Reading) => {
    const found = entryFields(value, path, reading);
    const asked = isMap(value) ? value['question'] : undefined;
    for (const [key, form] of isMap(asked) ? Object.entries(asked) : [['', asked] as const])
      if (typeof form === 'string')
        noteForm(form, [...path, 'question', ...(key === '' ? [] : [key])], path, reading);
    if (found?.question === undefined) return undefined;
    const { question: questions, answer, also: others = [] } = found;
    const { byLanguage } = questions;
    if (byLanguage.size + others.length === 1) return { question: questions, answer };
    const own = byLanguage.get(reading.ownLanguage ?? '');
    return {
      question: questions,
      answer,
      also: new Localized(
        new Map(
          reading.languages.map((tag) => {
            const its = byLanguage.get(tag) ?? own;
            return [tag, [...new Set([...byLanguage.values(), ...others])].filter((form) => form !== its)];
          }),
        ),
      ),
    };
  },
  { fields: entryFields.fields! },
);

const wordsAndReply = { words: words(), reply: text() };
const minutes = whole(1, 10_080);

/** Texts that old profiles keep under `extra`. The fields that replaced them win. Other keys under `extra` are ignored. */
const extraTexts = {
  openOn: text(dayText),
  closedOn: text(dayText),
  thanks: text(),
  goodbye: text(),
  calm: text(),
  identity: text(),
  resume: text(),
};
const extraFields = object({}, extraTexts);
const extra: typeof extraFields = (value, path, reading) =>
  extraFields(
    isMap(value)
      ? Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(extraTexts, key)))
      : {},
    path,
    reading,
  );

const shape = object(
  {
    name: line(200),
    timeZone,
    language,
    greeting: text(),
    hours,
    faq: list(entry, { least: 1, most: 2000 }),
    handOff: object(
      { words: words(), reply: text() },
      { complaints: words(), closed: text({ knows: opens }) },
    ),
    optOut: object(wordsAndReply, {}),
    unknown: texts(),
    repeats: texts({ knows: ['answer'], needs: 'answer' }),
    phone: object({ greeting: text(), idle: text(), thanks: text(), goodbye: text() }, {}),
  },
  {
    languages: list(language, { most: 50 }),
    greetings: words(),
    emergency: object(wordsAndReply, {}),
    optIn: object({}, { words: words(), reply: text() }),
    smallTalk: object({}, { thanks: text(), goodbye: text(), identity: text(), calm: text() }),
    notText: object({ reply: text() }, {}),
    late: object({}, { hours: whole(1, 720), reply: text() }),
    person: object({}, { minutes, remindMinutes: minutes, quiet: orNull(timeRange) }),
    offer: text({ knows: ['questions'], needs: 'questions' }),
    extra,
  },
);
/** The paths of each field. Those under `extra` are left out, because it is for old profiles. */
const places = placesOf(shape);

/** The path of every field, such as `faq.answer`, without indexes of lists. */
export const fieldPaths: readonly string[] = [...places.values()].flat();

/** Whether a key may occur somewhere in a profile: as a field, or as the language of a text. */
export const isKnownKey = (key: string): boolean => places.has(key) || languageTag(key) !== undefined;

/** Validates a profile that was parsed from YAML. Returns the profile, or every fault with its path. */
export function readProfile(value: unknown): { profile: Profile } | { faults: Fault[] } {
  const reading: Reading = { ...declaredLanguages(value), places, faults: [], forms: [] };
  const found = shape(value, [], reading);
  const faults = [...reading.faults, ...ambiguousForms(reading), ...replyMissing(value)];
  const { ownLanguage } = reading;
  if (found === undefined || ownLanguage === undefined || faults.length > 0) return { faults };
  const all = withExtra(found);
  const inOne = (tag: string): Profile => {
    const { languages: _, ...plain } = inLanguage(all, tag, ownLanguage);
    return { ...plain, language: tag };
  };
  const others = reading.languages.filter((tag) => tag !== ownLanguage);
  return {
    profile: {
      ...inOne(ownLanguage),
      ...(others.length > 0 && { translations: Object.fromEntries(others.map((tag) => [tag, inOne(tag)])) }),
    },
  };
}

/** The languages of a profile. They are read first, because reading texts depends on them. */
function declaredLanguages(value: unknown): Pick<Reading, 'ownLanguage' | 'languages'> {
  const { language: own, languages } = isMap(value) ? value : {};
  const tags = [own, ...(Array.isArray(languages) ? (languages as unknown[]) : [])].map((tag) =>
    typeof tag === 'string' ? languageTag(tag) : undefined,
  );
  return { ownLanguage: tags[0], languages: [...new Set(tags.filter((tag) => tag !== undefined))] };
}

/** A fault for each question that two entries share: it would be unclear which one answers it. */
function ambiguousForms({ forms: all }: Reading): Fault[] {
  const first = new Map<string, (typeof all)[number]>();
  return all.flatMap((form) => {
    const key = comparable(form.text);
    const before = first.get(key);
    if (before === undefined) first.set(key, form);
    if (before === undefined || before.entry === form.entry) return [];
    return [{ path: form.path, message: `${shown(form.text)} stands twice`, other: before.path }];
  });
}

/** A fault if `optIn` has no reply: taking back an opt-out must be answered. */
function replyMissing(value: unknown): Fault[] {
  const { optIn, extra: more } = isMap(value) ? value : {};
  const isThere = !isMap(optIn) || 'reply' in optIn || (isMap(more) && 'resume' in more);
  return isThere ? [] : [{ path: ['optIn', 'reply'], message: 'is missing' }];
}

type Found = Read<typeof shape>;

/** Moves the texts of `extra` to the fields that replaced them, unless those are set. */
function withExtra({ extra: more = {}, hours: opening, smallTalk, optIn, ...found }: Found) {
  const onDay = mergeTexts(opening.onDay, { open: more.openOn, closed: more.closedOn });
  const { thanks, goodbye, calm, identity } = more;
  const talk = mergeTexts(smallTalk, { thanks, goodbye, calm, identity });
  const reply = optIn?.reply ?? more.resume;
  return {
    ...found,
    hours: { ...opening, closedOn: opening.closedOn ?? [], ...(onDay && { onDay }) },
    ...(talk && { smallTalk: talk }),
    ...(reply && { optIn: { ...(optIn?.words && { words: optIn.words }), reply } }),
  };
}

type Texts<K extends string> = { [Key in K]?: Localized<string> | undefined };

/** Merges texts; those of `own` win. Undefined if there are none. */
function mergeTexts<K extends string>(own: NoInfer<Texts<K>> | undefined, other: Texts<K>) {
  const all = Object.entries<Localized<string> | undefined>({ ...other, ...own }).filter(
    ([, value]) => value !== undefined,
  );
  return all.length === 0 ? undefined : (Object.fromEntries(all) as { [Key in K]?: Localized<string> });
}
