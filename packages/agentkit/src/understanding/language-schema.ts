import stemmers from 'snowball-stemmers';
import * as stopWordLists from 'stopword';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { feasts } from './feasts.ts';

const closed = { additionalProperties: false };
/** A comma-separated list. */
const list = Type.String();
const patterns = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 2000 })));
const text = Type.String({ minLength: 1, maxLength: 500 });
const holds = (placeholder: string): TSchema =>
  Type.String({ pattern: `\\{${placeholder}\\}`, maxLength: 500 });

const schema: TSchema = Type.Object(
  {
    name: text,
    stemmer: Type.Optional(text),
    stopWords: text,
    compounds: Type.Optional(Type.Boolean()),
    umlauts: Type.Optional(Type.Boolean()),
    prefixes: Type.Optional(list),
    suffixes: Type.Optional(list),
    elisions: Type.Optional(list),
    ignored: list,
    common: Type.Optional(list),
    spelling: Type.Record(Type.String(), Type.String()),
    joins: list,
    joinPrefix: Type.Optional(text),
    followUp: list,
    asking: list,
    sets: Type.Record(Type.String(), list),
    rules: Type.Object(
      {
        optOut: patterns,
        notOptOut: patterns,
        handOff: patterns,
        notHandOff: patterns,
        complaint: patterns,
        notComplaint: patterns,
        emergency: patterns,
        notEmergency: patterns,
        identity: patterns,
        notIdentity: patterns,
        calm: patterns,
        notCalm: patterns,
        optIn: patterns,
        notOptIn: patterns,
      },
      closed,
    ),
    smallTalk: Type.Object(
      { greetings: list, thanks: list, goodbyes: list, acknowledgements: list, yesOrNo: list, filler: list },
      closed,
    ),
    days: Type.Record(Type.String({ pattern: '^-?[0-9]$' }), Type.Array(text), closed),
    weekdays: Type.Optional(Type.Record(Type.String({ pattern: '^[0-6]$' }), Type.Array(text), closed)),
    holidays: Type.Record(
      Type.String({ pattern: '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' }),
      list,
      closed,
    ),
    movable: Type.Optional(
      Type.Partial(Type.Object(Object.fromEntries(feasts.map((one) => [one, list])), closed)),
    ),
    weekend: list,
    weekendDays: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), { minItems: 1, maxItems: 3 }),
    ),
    dayWords: Type.Optional(
      Type.Partial(
        Type.Object(
          {
            either: list,
            until: list,
            before: list,
            inDays: list,
            inWeeks: list,
            numbers: list,
            ofMonth: list,
            parts: list,
          },
          closed,
        ),
      ),
    ),
    now: list,
    presence: list,
    texts: Type.Object(
      {
        thanks: text,
        goodbye: text,
        identity: text,
        calm: text,
        resume: text,
        openDay: holds('hours'),
        closedDay: holds('day'),
        offer: holds('questions'),
        repeats: Type.Array(holds('answer'), { minItems: 1 }),
        greetAgain: Type.Array(text, { minItems: 1 }),
      },
      closed,
    ),
    ordinals: Type.Record(Type.String({ pattern: '^[1-3]$' }), Type.Array(text), closed),
    noneOfThese: Type.Array(text),
    allOfThese: Type.Optional(Type.Array(text)),
    choiceWords: Type.Optional(Type.Array(text)),
    yes: Type.Optional(Type.Array(text)),
  },
  closed,
);
const notionsSchema: TSchema = Type.Record(Type.String({ pattern: '^[a-z][a-z-]*$' }), list, closed);

type RuleKey = 'optOut' | 'optIn' | 'handOff' | 'complaint' | 'emergency' | 'identity' | 'calm';

/** The file `rules/<language>.yaml`. Strings are comma-separated lists, except for names and texts. */
export interface LanguageFile {
  name: string;
  /** An algorithm of the package snowball-stemmers. */
  stemmer?: string;
  /** A list of the package stopword. */
  stopWords: string;
  /** Split compound words if both parts are known. */
  compounds?: boolean;
  /** Customers may write ae, oe and ue for umlauts. */
  umlauts?: boolean;
  prefixes?: string;
  suffixes?: string;
  /** Short words that an apostrophe joins to a vowel: `l'adresse`. */
  elisions?: string;
  ignored: string;
  /** Everyday words that are never corrected as misspelled. */
  common?: string;
  spelling: Record<string, string>;
  joins: string;
  /** A prefix that means "and". */
  joinPrefix?: string;
  followUp: string;
  asking: string;
  sets: Record<string, string>;
  rules: Partial<Record<RuleKey | `not${Capitalize<RuleKey>}`, string[]>>;
  smallTalk: Record<'greetings' | 'thanks' | 'goodbyes' | 'acknowledgements' | 'yesOrNo' | 'filler', string>;
  days: Record<string, string[]>;
  weekdays?: Record<string, string[]>;
  holidays: Record<string, string>;
  /** Holidays that move with the year, by their names in feasts.ts. */
  movable?: Record<string, string>;
  weekend: string;
  /** 0 is Sunday. Default: Saturday and Sunday. */
  weekendDays?: number[];
  /** `numbers` are the words for 1, 2 and so on. In the other phrases, n and nth stand for a number. */
  dayWords?: Partial<
    Record<'either' | 'until' | 'before' | 'inDays' | 'inWeeks' | 'numbers' | 'ofMonth' | 'parts', string>
  >;
  now: string;
  presence: string;
  texts: Record<
    'thanks' | 'goodbye' | 'identity' | 'calm' | 'resume' | 'openDay' | 'closedDay' | 'offer',
    string
  > & { repeats: string[]; greetAgain: string[] };
  ordinals: Record<string, string[]>;
  noneOfThese: string[];
  allOfThese?: string[];
  choiceWords?: string[];
  yes?: string[];
}

/** Every fault of a language's files, each with its place. */
export function languageProblems(rules: unknown, notions: unknown): string[] {
  const problems = [...problemsOf(schema, rules, 'rules'), ...problemsOf(notionsSchema, notions, 'notions')];
  const { stemmer, stopWords } = (rules ?? {}) as Partial<LanguageFile>;
  if (typeof stemmer === 'string' && !stemmers.algorithms().includes(stemmer))
    problems.push(`rules.stemmer: there is no stemmer "${stemmer}"`);
  if (typeof stopWords === 'string' && !Array.isArray((stopWordLists as Record<string, unknown>)[stopWords]))
    problems.push(`rules.stopWords: there is no list "${stopWords}"`);
  return problems;
}

function problemsOf(of: TSchema, value: unknown, name: string): string[] {
  return Value.Errors(of, value).map(
    (error) => `${name}${error.instancePath.replaceAll('/', '.')}: ${error.message}`,
  );
}
