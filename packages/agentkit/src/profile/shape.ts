// Readers for the parts of a profile. A reader returns what it could read and adds a fault for everything else.
import { languageTag, nearestLanguage } from './names.ts';
import { nearest } from './nearest.ts';

export type Path = readonly (string | number)[];

export interface Fault {
  path: Path;
  message: string;
  /** The fault is in the key, not in its value. */
  isKey?: boolean;
  /** Where the same question occurs first. */
  other?: Path;
  /** Number of further places with the same fault, which are not listed. */
  more?: number;
}

/** A phrasing of a question. They are collected to find those that two entries share. */
interface Form {
  text: string;
  path: Path;
  /** The path of the entry, joined by dots. */
  entry: string;
}

/** The state of reading one profile. */
export interface Reading {
  /** The profile's own language; undefined if that field is faulty. */
  ownLanguage: string | undefined;
  /** All languages, the profile's own included. */
  languages: readonly string[];
  /** The paths at which each key is allowed. */
  places: ReadonlyMap<string, readonly string[]>;
  faults: Fault[];
  forms: Form[];
}

/** Returns undefined if nothing could be read. Parts of a returned list or map may be undefined for the same reason. */
export interface Reader<T> {
  (value: unknown, path: Path, reading: Reading): T | undefined;
  readonly fields?: Readonly<Record<string, Reader<unknown>>>;
}

export type Readers = Readonly<Record<string, Reader<unknown>>>;
export type Read<R> = R extends Reader<infer T> ? T : never;
type ReadAll<R extends Readers, O extends Readers> = { [K in keyof R]: Read<R[K]> } & {
  [K in keyof O]?: Read<O[K]>;
};

/** A value in several languages, the profile's own included. */
export class Localized<T> {
  readonly byLanguage: ReadonlyMap<string, T>;

  constructor(byLanguage: ReadonlyMap<string, T>) {
    this.byLanguage = byLanguage;
  }
}

/** The type of a read value in one language. */
export type Plain<T> =
  T extends Localized<infer U>
    ? U
    : T extends readonly (infer U)[]
      ? Plain<U>[]
      : T extends object
        ? { [K in keyof T]: Plain<T[K]> }
        : T;

/** A read value in one language; in the profile's own where there is no translation. */
export function inLanguage<T>(value: T, language: string, ownLanguage: string): Plain<T> {
  const plain = (part: unknown): unknown => {
    if (part instanceof Localized) return part.byLanguage.get(language) ?? part.byLanguage.get(ownLanguage);
    if (Array.isArray(part)) return part.map(plain);
    if (!isMap(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, plain(inner)]));
  };
  return plain(value) as Plain<T>;
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as error messages show it. */
export function shown(value: unknown): string {
  // JSON cannot show a list that contains itself by an alias.
  const text = Array.isArray(value)
    ? 'a list'
    : isMap(value)
      ? 'a map'
      : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const didYouMean = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean ${suggestion}?`;

/** A map with these keys and no others. */
export function object<R extends Readers, O extends Readers>(
  required: R,
  optional: O,
): Reader<ReadAll<R, O>> {
  const fields: Readers = { ...required, ...optional };
  const read: Reader<ReadAll<R, O>> = (value, path, reading) => {
    if (!isMap(value)) {
      const keys = `keys such as ${Object.keys(fields).slice(0, 3).join(', ')}`;
      const message = isEmpty(value)
        ? `is empty: it has ${keys}`
        : `${shown(value)} stands where ${keys} belong`;
      reading.faults.push({ path, message });
      return undefined;
    }
    const found: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const reader = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (reader === undefined) {
        const suggestion = nearest(key, Object.keys(fields)) ?? elsewhere(key, reading.places);
        reading.faults.push({
          path: [...path, key],
          message: `unknown${didYouMean(suggestion)}`,
          isKey: true,
        });
        continue;
      }
      const part = reader(inner, [...path, key], reading);
      if (part !== undefined) found[key] = part;
    }
    for (const key of Object.keys(required))
      if (!Object.hasOwn(value, key)) reading.faults.push({ path: [...path, key], message: 'is missing' });
    return found as ReadAll<R, O>;
  };
  return Object.assign(read, { fields });
}

/** The path of a similar key, if there is only one such path in a profile. */
function elsewhere(key: string, places: Reading['places']): string | undefined {
  const [place, ...more] = places.get(nearest(key, places.keys()) ?? '') ?? [];
  return more.length === 0 ? place : undefined;
}

/** The paths at which each key is allowed, those inside lists included. */
export function placesOf(reader: Reader<unknown>, path = ''): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const [key, inner] of Object.entries(reader.fields ?? {})) {
    const here = path === '' ? key : `${path}.${key}`;
    places.set(key, [...(places.get(key) ?? []), here]);
    for (const [name, more] of placesOf(inner, here))
      places.set(name, [...(places.get(name) ?? []), ...more]);
  }
  return places;
}

export function list<T>(item: Reader<T>, { least = 0, most }: { least?: number; most: number }): Reader<T[]> {
  const read: Reader<T[]> = (value, path, reading) => {
    if (!Array.isArray(value)) {
      const hint = typeof value === 'string' ? `: write [${value.length > 30 ? '…' : `'${value}'`}]` : '';
      reading.faults.push({
        path,
        message: isEmpty(value) ? 'is empty: a list is wanted' : `is not a list${hint}`,
      });
      return undefined;
    }
    if (value.length > most) {
      reading.faults.push({ path, message: `has ${value.length} entries: ${most} at most` });
      return undefined;
    }
    if (value.length < least) reading.faults.push({ path, message: `has no entry: ${least} at least` });
    return value.map((inner, at) => item(inner, [...path, at], reading)) as T[];
  };
  return item.fields ? Object.assign(read, { fields: item.fields }) : read;
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '');

/** A string, the same in all languages. */
export function line(most: number): Reader<string> {
  return (value, path, { faults }) => {
    const message = lineFault(value, most);
    if (message === undefined) return value as string;
    faults.push({ path, message });
    return undefined;
  };
}

function lineFault(value: unknown, most: number): string | undefined {
  if (isEmpty(value)) return 'is empty';
  if (Array.isArray(value)) return 'is a list: one text is wanted';
  if (isMap(value)) return 'is a map of keys: one text is wanted';
  if (typeof value !== 'string')
    return `${shown(value)} is not a text: put it into quotes, '${String(value)}'`;
  if (value.length > most) return `has ${value.length} characters: ${most} at most`;
  return undefined;
}

/** The placeholders of all texts. */
const placeholders = ['until', 'day', 'time', 'hours', 'week', 'answer', 'questions'];

export interface TextOptions {
  /** Placeholders that the text may contain. */
  knows?: readonly string[];
  /** A placeholder that the text must contain. */
  needs?: string;
}

const MAX_TEXT_LENGTH = 2000;
const braced = (name: string): string => `{${name}}`;

function readLine(
  value: unknown,
  path: Path,
  { knows = [], needs }: TextOptions,
  { faults }: Reading,
): string | undefined {
  const fault = lineFault(value, MAX_TEXT_LENGTH);
  if (fault !== undefined) faults.push({ path, message: fault });
  if (typeof value !== 'string' || fault !== undefined) return undefined;
  if (needs !== undefined && !value.includes(`{${needs}}`))
    faults.push({ path, message: `must hold {${needs}}` });
  for (const name of new Set([...value.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!))) {
    if (knows.includes(name)) continue;
    const like = nearest(name, knows.length > 0 ? knows : placeholders);
    // A text without placeholders may have braces of its own.
    if (knows.length === 0 && like === undefined) continue;
    const others = knows.length === 0 ? 'this text has none' : `there are ${knows.map(braced).join(', ')}`;
    const hint = like === undefined || knows.length === 0 ? `: ${others}` : didYouMean(braced(like));
    faults.push({ path, message: `{${name}}: no such placeholder${hint}` });
  }
  return value;
}

/**
 * Reads a value, or a map of values by language. The map must contain the profile's own language.
 * @param isBare whether this is a value, not a map
 */
function localized<T>(read: Reader<T>, isBare: (value: unknown) => boolean): Reader<Localized<T>> {
  return (value, path, reading) => {
    const { ownLanguage = '', faults } = reading;
    if (isBare(value)) {
      const single = read(value, path, reading);
      return single === undefined ? undefined : new Localized(new Map([[ownLanguage, single]]));
    }
    const parts = readLanguages(read, value as Record<string, unknown>, path, reading);
    if (ownLanguage === '') return undefined;
    if (!Object.keys(value as object).some((key) => languageTag(key) === ownLanguage))
      faults.push({ path: [...path, ownLanguage], message: "is missing: the profile's own language" });
    return parts.has(ownLanguage) ? new Localized(parts) : undefined;
  };
}

function readLanguages<T>(
  read: Reader<T>,
  value: Record<string, unknown>,
  path: Path,
  reading: Reading,
): Map<string, T> {
  const parts = new Map<string, T>();
  const { languages, ownLanguage, faults } = reading;
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    const language = languageTag(key);
    if (language === undefined) {
      const suggestion = nearest(key, languages) ?? nearestLanguage(key);
      addOnce(faults, { path: at, message: `unknown language${didYouMean(suggestion)}`, isKey: true });
    } else if (ownLanguage !== undefined && !languages.includes(language)) {
      addOnce(faults, { path: at, message: `languages lacks ${key}`, isKey: true });
    }
    const part = read(inner, at, reading);
    if (language !== undefined && part !== undefined) parts.set(language, part);
  }
  return parts;
}

/** One wrong tag of a language may make every text of the profile faulty: the first is listed, the others are counted. */
function addOnce(faults: Fault[], fault: Fault): void {
  const same = faults.find(({ message }) => message === fault.message);
  if (same === undefined) faults.push(fault);
  else same.more = (same.more ?? 0) + 1;
}

/** A text for customers: a string, or one for each language. */
export const text = (options: TextOptions = {}): Reader<Localized<string>> =>
  localized(
    (value, path, reading) => readLine(value, path, options, reading),
    (value) => !isMap(value),
  );

/** A list of texts, or one for each language. */
export function texts(options: TextOptions = {}): Reader<Localized<string[]> | Localized<string>[]> {
  const bounds = { least: 1, most: 50 };
  const one = list(text(options), bounds);
  const byLanguage = localized(list(lineOf(options), bounds), () => false);
  return (value, path, reading) => (isMap(value) ? byLanguage : one)(value, path, reading);
}

const lineOf =
  (options: TextOptions): Reader<string> =>
  (value, path, reading) =>
    readLine(value, path, options, reading);

/** Words that customers write: a list, or one for each language. The lists are joined. */
export function words(): Reader<string[]> {
  const flat = list(line(100), { most: 200 });
  return (value, path, reading) =>
    isMap(value)
      ? [...readLanguages(flat, value, path, reading).values()].flat()
      : flat(value, path, reading);
}

/** Phrasings of one question. They are noted as belonging to the entry at `entryOf`. */
export function forms(entryOf: (path: Path) => Path): Reader<string[]> {
  const read = words();
  return (value, path, reading) => {
    const found = read(value, path, reading);
    // Two levels at most, language and index, because a list may contain itself by an alias.
    const note = (part: unknown, at: Path): void => {
      if (at.length > path.length + 2) return;
      if (typeof part === 'string') noteForm(part, at, entryOf(path), reading);
      else if (Array.isArray(part) || isMap(part))
        for (const [key, inner] of Object.entries(part))
          note(inner, [...at, Array.isArray(part) ? Number(key) : key]);
    };
    note(value, path);
    return found;
  };
}

export function noteForm(form: string, path: Path, entry: Path, { forms: noted }: Reading): void {
  noted.push({ text: form, path, entry: entry.join('.') });
}

export function whole(least: number, most: number): Reader<number> {
  return (value, path, { faults }) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    faults.push({ path, message: `${shown(value)} is not a whole number from ${least} to ${most}` });
    return undefined;
  };
}

/** Accepts null as well. */
export const orNull =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, path, reading) =>
    value === null ? null : read(value, path, reading);
