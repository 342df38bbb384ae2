import { entry } from './entry-reader.ts';
import { dayText, hours, opens, timeRange } from './hours-reader.ts';
import { isTimeZone, languageTag, nearestLanguage, nearestTimeZone } from './names.ts';
import type { Profile } from './profile.ts';
import {
  type Fault,
  type Localized,
  type Read,
  type Reader,
  type Reading,
  inLanguage,
  isMap,
  line,
  list,
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
