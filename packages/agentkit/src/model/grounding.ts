import { setImmediate } from 'node:timers/promises';
import { cutText } from '@prosaas/runtime';
import type { HistoryEntry } from '../answer.ts';
import { hoursAnswer } from '../opening-hours.ts';
import type { Profile } from '../profile/profile.ts';
import { MAX_MODEL_QUESTION_LENGTH } from '../question-limits.ts';
import { priceWords } from './figure-words.ts';
import { type FigureKind, figuresOf, spelledNumbers } from './figures.ts';
import { givenHistory } from './history.ts';
import { stringsOf } from './profile-strings.ts';
import { scheduleText } from './schedule.ts';

export interface Asked {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
}

/** Whole numbers up to this need no source: "2 of our rooms". */
const SMALL = 12;
/** What a customer wrote may be said back, but no amount, percentage or link: nobody dictates prices to a business. */
const mayEcho: ReadonlySet<FigureKind> = new Set(['date', 'time', 'phone', 'email', 'number']);

/**
 * The first thing in a reply that nobody told the model: an amount, a percentage, a link, an address, a date, a time, a phone number or a
 * number over 12 that is neither in the profile, nor computed from its hours and today's date, nor said before by the business; dates,
 * times, addresses and numbers may also be the customer's own. Undefined where all of it is known.
 */
export async function ungroundedIn(
  reply: string,
  profile: Profile,
  asked: Asked,
): Promise<FigureKind | undefined> {
  const figures = figuresOf(reply);
  if (figures.length === 0) return undefined;
  const ofProfile = await profileKeys(profile);
  const ofQuestion = questionKeys(profile, asked);
  const isKnown = (key: string): boolean => ofProfile.has(key) || ofQuestion.has(key);
  return figures.find(
    ({ kind, keys }) => !keys.flatMap(alternatives).some((key) => isKnown(key) || isSmall(kind, key)),
  )?.kind;
}

const isSmall = (kind: FigureKind, key: string): boolean => {
  const value = Number(key.slice('number:'.length));
  return kind === 'number' && Number.isInteger(value) && value <= SMALL;
};

/** An amount is also known where the profile names a price without its currency; a date where it stands there without its year. */
function alternatives(key: string): string[] {
  const money = /^money:.*:([\d.]+)$/.exec(key);
  if (money) return [key, `price:${money[1]}`];
  const date = /^date:\d{4}-(.+)$/.exec(key);
  return date ? [key, `date:every-${date[1]}`] : [key];
}

/** What may be said because a text of ours holds it. */
function* keysSaid(text: string, { pricesIn = false }: { pricesIn?: boolean } = {}): Generator<string> {
  for (const { kind, keys } of figuresOf(text, { pricesIn })) {
    for (const key of keys) {
      yield key;
      yield* impliedBy(kind, key);
    }
  }
  for (const value of spelledNumbers(text)) yield `number:${value}`;
}

/**
 * A number alone may be an amount without its currency, a day without its month, an hour without its minutes. `stated`: a number that
 * is no time and no date, which a price without a currency may be.
 */
function* impliedBy(kind: FigureKind, key: string): Generator<string> {
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

/** The event loop stands still for no longer. */
const SLICE_MS = 20;

/** A profile may have 4 MB of answers, which takes seconds: others get their turn meanwhile. */
async function readProfile(profile: Profile): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  let began = performance.now();
  for (const { text, isAsked, answers } of stringsOf(profile)) {
    const pricesIn = answers !== undefined && isAboutPrice(answers);
    for (const key of keysSaid(text, { pricesIn }))
      if (!isAsked || /^(?:number|stated|time|date):/.test(key)) known.add(key);
    if (performance.now() - began < SLICE_MS) continue;
    await setImmediate();
    began = performance.now();
  }
  return known;
}

function questionKeys(profile: Profile, { text, history, now }: Asked): ReadonlySet<string> {
  const known = new Set<string>();
  const given = givenHistory(history);
  const ours = given.filter(({ direction }) => direction === 'outbound').map((entry) => entry.text);
  for (const own of [scheduleText(profile, now), hoursAnswer(profile, now), ...ours])
    for (const key of keysSaid(own)) known.add(key);
  const year = now.getUTCFullYear();
  for (const one of [year, year + 1]) known.add(`number:${one}`);
  const theirs = given.filter(({ direction }) => direction === 'inbound').map((entry) => entry.text);
  for (const own of [cutText(text, MAX_MODEL_QUESTION_LENGTH), ...theirs]) {
    for (const { kind, keys } of figuresOf(own)) {
      if (!mayEcho.has(kind)) continue;
      for (const key of keys)
        for (const one of [key, ...impliedBy(kind, key)]) if (!one.startsWith('stated:')) known.add(one);
    }
  }
  return known;
}
