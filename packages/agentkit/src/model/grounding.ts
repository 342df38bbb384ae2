import { setImmediate } from 'node:timers/promises';
import { cutText } from '@prosaas/runtime';
import type { HistoryEntry } from '../answer.ts';
import { hoursAnswer } from '../opening-hours.ts';
import type { Profile } from '../profile/profile.ts';
import { MAX_MODEL_QUESTION_LENGTH } from '../question-limits.ts';
import { priceWords } from './entity-words.ts';
import { type EntityKind, findEntities, spelledNumbers } from './entities.ts';
import { givenHistory } from './history.ts';
import { stringsOf } from './profile-strings.ts';
import { scheduleText } from './schedule.ts';

export interface GroundingQuestion {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
}

/** Whole numbers up to this one need no source: "2 of our rooms". */
const MAX_UNSOURCED_NUMBER = 12;
/** Kinds that a reply may repeat from the customer's own messages. Amounts, percentages and links are not among them: customers must not set prices. */
const mayEcho: ReadonlySet<EntityKind> = new Set(['date', 'time', 'phone', 'email', 'number']);

/**
 * The kind of the first entity in a reply that has no source. Sources are the profile, its hours, the calendar from today on, and earlier
 * messages of the business; for dates, times, addresses and numbers also those of the customer. Undefined if every entity has one.
 */
export async function findUngrounded(
  reply: string,
  profile: Profile,
  asked: GroundingQuestion,
): Promise<EntityKind | undefined> {
  const entities = findEntities(reply);
  if (entities.length === 0) return undefined;
  const ofProfile = await profileKeys(profile);
  const ofQuestion = questionKeys(profile, asked);
  const isKnown = (key: string): boolean => ofProfile.has(key) || ofQuestion.has(key);
  return entities.find(
    ({ kind, keys }) => !keys.flatMap(alternatives).some((key) => isKnown(key) || isSmall(kind, key)),
  )?.kind;
}

const isSmall = (kind: EntityKind, key: string): boolean => {
  const value = Number(key.slice('number:'.length));
  return kind === 'number' && Number.isInteger(value) && value <= MAX_UNSOURCED_NUMBER;
};

/** The keys that an entity is known by. An amount may be known as a price without its currency, and a date without its year. */
function alternatives(key: string): string[] {
  const money = /^money:.*:([\d.]+)$/.exec(key);
  if (money) return [key, `price:${money[1]}`];
  const date = /^date:\d{4}-(.+)$/.exec(key);
  return date ? [key, `date:every-${date[1]}`] : [key];
}

/** The keys that may be said because a text of the business contains them. */
function* allowedKeys(text: string, { pricesIn = false }: { pricesIn?: boolean } = {}): Generator<string> {
  for (const { kind, keys } of findEntities(text, { pricesIn })) {
    for (const key of keys) {
      yield key;
      yield* impliedBy(kind, key);
    }
  }
  for (const value of spelledNumbers(text)) yield `number:${value}`;
}

/**
 * Further keys that follow from one: an amount may be repeated without its currency, a day without its month, and an hour without its
 * minutes. `stated` marks a number that is not part of a time or a date, so that it may be a price without a currency.
 */
function* impliedBy(kind: EntityKind, key: string): Generator<string> {
  const [, ...rest] = key.split(':');
  const last = rest.at(-1) ?? '';
  if (kind === 'money' || kind === 'percent' || kind === 'number')
    yield* [`number:${last}`, `stated:${last}`];
  if (kind === 'link') yield `link:${last.split(/[/?#]/)[0]}`;
  if (kind === 'time' && key.startsWith('time:')) {
    const hour = Math.floor(Number(last) / 60);
    yield* [`number:${hour}`, `number:${hour % 12 || 12}`];
  }
  if (kind !== 'date') return;
  const [, year, monthDay = last] = /^(\d{4})-(.+)$/.exec(last) ?? [];
  yield `date:${monthDay}`;
  yield `day:${Number(monthDay.slice(3))}`;
  yield year === undefined ? `date:every-${monthDay}` : `number:${year}`;
}

const aboutPrice = new RegExp(
  `(?<!\\p{L})(?:${priceWords.join('|')}|how much|wie viel|wieviel|cuanto|combien|quanto|כמה|сколько|كم)(?!\\p{L})`,
  'u',
);
const isAboutPrice = (question: string): boolean =>
  aboutPrice.test(question.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase());

const ofProfiles = new WeakMap<Profile, Promise<ReadonlySet<string>>>();

function profileKeys(profile: Profile): Promise<ReadonlySet<string>> {
  let known = ofProfiles.get(profile);
  if (known === undefined) ofProfiles.set(profile, (known = readProfile(profile)));
  return known;
}

/** Longest time that the event loop is blocked. */
const MAX_SLICE_MS = 20;

/** Reads in slices, because a profile may have 4 MB of answers, which takes seconds. */
async function readProfile(profile: Profile): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  let began = performance.now();
  for (const { text, isCustomerWording, answers } of stringsOf(profile)) {
    const pricesIn = answers !== undefined && isAboutPrice(answers);
    for (const key of allowedKeys(text, { pricesIn }))
      if (!isCustomerWording || /^(?:number|stated|time|date):/.test(key)) known.add(key);
    if (performance.now() - began < MAX_SLICE_MS) continue;
    await setImmediate();
    began = performance.now();
  }
  return known;
}

function questionKeys(profile: Profile, { text, history, now }: GroundingQuestion): ReadonlySet<string> {
  const known = new Set<string>();
  const given = givenHistory(history);
  const ours = given.filter(({ direction }) => direction === 'outbound').map((entry) => entry.text);
  for (const own of [scheduleText(profile, now), hoursAnswer(profile, now), ...ours])
    for (const key of allowedKeys(own)) known.add(key);
  const year = now.getUTCFullYear();
  for (const one of [year, year + 1]) known.add(`number:${one}`);
  const theirs = given.filter(({ direction }) => direction === 'inbound').map((entry) => entry.text);
  for (const own of [cutText(text, MAX_MODEL_QUESTION_LENGTH), ...theirs]) {
    for (const { kind, keys } of findEntities(own)) {
      if (!mayEcho.has(kind)) continue;
      for (const key of keys)
        for (const one of [key, ...impliedBy(kind, key)]) if (!one.startsWith('stated:')) known.add(one);
    }
  }
  return known;
}
