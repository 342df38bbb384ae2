import {
  currencyNames,
  currencySigns,
  monthNames,
  multipliers,
  numberWords,
  otherUnits,
  percentWords,
  priceWords,
} from './entity-words.ts';

export type EntityKind = 'link' | 'email' | 'money' | 'percent' | 'date' | 'time' | 'phone' | 'number';

/** A fact in a text, such as an amount or a date. Entities are compared by their keys: two are the same if they share one. */
export interface Entity {
  kind: EntityKind;
  /** Normalised: `money:EUR:60`, `time:540` (minutes of the day), `date:01-12`. Several if the text can be read in several ways. */
  keys: string[];
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
/** A pattern for any of the words, longest first and not inside another word. It has few letter classes, because compiling each takes long. */
function oneOf(list: Iterable<string>): string {
  const sorted = [...list].toSorted((one, other) => other.length - one.length);
  const group = (before: string, words: string[], after: string): string[] =>
    words.length === 0 ? [] : [`${before}(?:${words.map(escape).join('|')})${after}`];
  const {
    whole = [],
    open = [],
    sign = [],
  } = Object.groupBy(sorted, (word) => {
    // Scripts without spaces have no word boundaries.
    if (
      !/^\p{L}/u.test(word) ||
      /^[\p{Script=Han}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(word)
    )
      return 'sign';
    return /\p{L}$/u.test(word) ? 'whole' : 'open';
  });
  return [
    ...group('(?<!\\p{L})', open, ''),
    ...group('(?<!\\p{L})', whole, '(?!\\p{L})'),
    ...group('', sign, ''),
  ].join('|');
}

/** Folds a text: no marks, lower case, and ASCII digits only. */
function fold(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\uFE0F\u20E3]/gu, '')
    .replaceAll(/\p{Nd}/gu, digitValue)
    .replaceAll('٫', '.')
    .replaceAll('٬', ',')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase();
}

function digitValue(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

const gap = '[^\\S\\n]{0,2}';
const number = "\\d{1,3}(?:[.,'’ ]\\d{3})+(?:[.,]\\d{1,2})?(?!\\d)|\\d+(?:[.,]\\d{1,3})?";
const start = '(?<![\\d.,])';
const currency = oneOf(currencyNames.keys());
const multiplier = oneOf(Object.keys(multipliers));
const amount = `(${number})(?:,-|\\.-|,–)?(?:${gap}(${multiplier}))?`;
const to = `${gap}(?:-|–|—|(?<!\\p{L})(?:to|bis|a|עד)(?!\\p{L}))${gap}`;

const email = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu;
const schemeLink = /(?<![\p{L}\p{N}])[a-z][a-z0-9+.-]{0,20}:\/\/\S+/gu;
const bareLink =
  /(?<![\p{L}\p{N}@./-])(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}([\p{L}]{2,24})(?![\p{L}\p{N}@-])(?::\d+)?(?:[/?#]\S*)?/gu;
const moneyAfter = new RegExp(`${start}(?:(${number})${to})?${amount}${gap}(${currency})`, 'gu');
const moneyBefore = new RegExp(`(${oneOf(currencySigns)})${gap}${amount}(?:${to}(${number}))?`, 'gu');
const moneySpelled = new RegExp(
  `((?:(?:${oneOf(numberWords.keys())})(?:[ -]|${gap}(?:and|und|y|et)${gap})?){1,6}) ?(?:${multiplier})?${gap}(${currency})`,
  'gu',
);
const percent = new RegExp(`${start}(${number})${gap}(?:${oneOf(percentWords)})`, 'gu');
const priced = new RegExp(
  `(?:${oneOf(priceWords)})(?:[^\\S\\n]+[\\p{L}'’]+){0,3}[:=]?[^\\S\\n]*(${number})(?!\\d|[.,]\\d|${gap}(?:${oneOf(otherUnits)}))`,
  'gu',
);
const isoDate = /(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/gu;
const numericDate = /(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])/gu;
const shortDate = /(?<![\d./-])(\d{1,2})(?:\/(\d{1,2})(?![\d/])|\.(\d{1,2})\.(?!\d))/gu;
const eastDate = /(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2})/gu;
const months = monthNames(fold);
const month = `(?:[בלמהו]-?)?(${[...months.keys()].toSorted((a, b) => b.length - a.length).join('|')})(?!\\p{L})\\.?`;
const year = '(?:,?[^\\S\\n]{1,3}(?:de[^\\S\\n]{1,3}|del[^\\S\\n]{1,3})?(\\d{4})(?![\\d:]))?';
const dayMonth = new RegExp(
  `(?<![\\d.:])(?:(\\d{1,2})\\.?${gap}[-–—]${gap})?(\\d{1,2})(?:st|nd|rd|th|\\.|er|o|a|-?го)?[^\\S\\n]{0,3}(?:of |de |di |d')?[^\\S\\n]{0,3}(?<!\\p{L})${month}${year}`,
  'gu',
);
const monthDay = new RegExp(
  `(?<!\\p{L})${month}[^\\S\\n]{1,3}(?:the )?(\\d{1,2})(?:st|nd|rd|th)?(?![\\d:]|${gap}[ap]\\.?m)${year}`,
  'gu',
);
const clock = /(?<![\d:.,])(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])[^\S\n]{0,2}([ap]\.?m\b\.?)?/gu;
const dottedClock =
  /(?<![\d:.,])(?:(\d{1,2})\.(\d{2})[^\S\n]{0,2}(?:-|–|—|bis|to)[^\S\n]{0,2})?(\d{1,2})\.(\d{2})[^\S\n]{0,2}([ap]\.?m\b\.?|uhr\b|h\b)/gu;
/** `at 8`, unless a word for something that is counted follows. */
const bareClock =
  /(?<!\p{L})(?:at|until|till|um|ab|bis|a las|hasta las|as|ate as|alle|בשעה|ב-|עד) ?(\d{1,2})(?=[^\S\n]{0,2}(?:$|[.,;:!?)\n–-]|(?:on|in|every|each|today|tomorrow|and|to|until|till|bis|sharp|am|und|y|ו)(?!\p{L})))(?![.,:]\d)/gmu;
const hourClock = /(?<![\d:.,])(\d{1,2})[^\S\n]{0,2}(?:([ap]\.?m\b\.?)|uhr\b|o['’]?clock\b|[点點時时시])/gu;
const letterClock = /(?<![\d:.,])(\d{1,2})[^\S\n]?h(\d{2})?(?![\p{L}\d])/gu;
const phone = /(?<![\p{L}\d])(?:\+|00)?\d(?:[^\S\n]?[-()./]?[^\S\n]?\d){6,17}(?!\d)/gu;
const ordinal = /(?<![\d.:])(\d{1,2})(?:st|nd|rd|th)(?!\p{L})/gu;
const plain = new RegExp(`${start}(${number})(?:${gap}(${multiplier}))?`, 'gu');
const spelledNumber = new RegExp(`(?:${oneOf(numberWords.keys())})`, 'gu');

const fractions = new Set(['1/2', '1/3', '2/3', '1/4', '3/4']);

/**
 * Finds the links, e-mail addresses, amounts, percentages, dates, times, phone numbers and other numbers of a text, each part of it once.
 * @param pricesIn the text answers a question about a price, so that a number alone may be one
 */
export function findEntities(given: string, { pricesIn = false }: { pricesIn?: boolean } = {}): Entity[] {
  const found: Entity[] = [];
  let text = fold(given);
  const take = (
    pattern: RegExp,
    kind: EntityKind,
    keysOf: (match: string[]) => string[] | undefined,
  ): void => {
    text = text.replaceAll(pattern, (...match) => {
      const keys = keysOf(match);
      if (keys === undefined) return match[0];
      found.push({ kind, keys });
      return ' ';
    });
  };
  // Skips patterns that cannot match, which saves most of the time.
  if (text.includes('@')) take(email, 'email', ([address = '']) => [`email:${address.replace(/\.+$/, '')}`]);
  if (/:\/\/|\.\p{L}/u.test(text)) {
    // The case of a path counts.
    const unfolded = given.normalize('NFKC').replaceAll(/\p{Cf}/gu, '');
    takeLinks(unfolded.replaceAll(/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}.-]+/gu, ' '), found);
    text = text
      .replaceAll(schemeLink, ' ')
      .replaceAll(bareLink, (all, suffix: string) => (isSuffix(suffix) ? ' ' : all));
  }

  const prices = (name: string, ...values: (number | undefined)[]): void => {
    for (const value of values)
      if (value !== undefined) found.push({ kind: 'money', keys: [`money:${name}:${value}`] });
  };
  text = text.replaceAll(moneySpelled, (...[, words = '', sign]: string[]) => {
    prices(nameOf(sign), spelledValue(words));
    return ' ';
  });
  if (!/\d/.test(text)) return found;

  text = text.replaceAll(moneyAfter, (...[, from, upTo, many, sign]: string[]) => {
    prices(nameOf(sign), valueOf(from, many), valueOf(upTo, many));
    return ' ';
  });
  text = text.replaceAll(moneyBefore, (...[, sign, from, many, upTo]: string[]) => {
    prices(nameOf(sign), valueOf(from, many), valueOf(upTo, many));
    return ' ';
  });
  take(percent, 'percent', ([, value]) => [`percent:${valueOf(value)}`]);

  take(isoDate, 'date', ([, y, m, d]) => dateKeys([[m, d]], y));
  take(numericDate, 'date', ([, one, , other, y]) => dateKeys([[other, one], [one, other]], y)); // prettier-ignore
  take(shortDate, 'date', ([whole = '', one, slashed, dotted]) =>
    fractions.has(whole) ? undefined : dateKeys(dotted === undefined ? [[slashed, one], [one, slashed]] : [[dotted, one]]),
  ); // prettier-ignore
  take(eastDate, 'date', ([, y, m, d]) => dateKeys([[m, d]], y));
  take(dayMonth, 'date', ([, from, d, name = '', y]) => {
    const pair = (day: string | undefined): string[] | undefined =>
      dateKeys([[String(months.get(name)), day]], y);
    const first = from === undefined ? undefined : pair(from);
    if (first) found.push({ kind: 'date', keys: first });
    return pair(d);
  });
  take(monthDay, 'date', ([, name = '', d, y]) => dateKeys([[String(months.get(name)), d]], y));

  take(clock, 'time', ([, hour, minute, half]) => timeKeys(hour, minute, half));
  take(dottedClock, 'time', ([, fromHour, fromMinute, hour, minute, half]) => {
    const from = fromHour === undefined ? undefined : timeKeys(fromHour, fromMinute, half);
    if (from) found.push({ kind: 'time', keys: from });
    return timeKeys(hour, minute, half);
  });
  take(hourClock, 'time', ([, hour, half]) => timeKeys(hour, '00', half));
  // `24h` may be how long something takes.
  take(letterClock, 'time', ([, hour, minute]) => {
    const keys = timeKeys(hour, minute ?? '00', 'h');
    return minute === undefined ? [...(keys ?? []), `number:${Number(hour)}`] : keys;
  });

  take(bareClock, 'time', ([, hour]) => [...(timeKeys(hour) ?? []), `number:${Number(hour)}`]);

  take(phone, 'phone', ([whole = '']) =>
    new RegExp(`^(?:${number})$`, 'u').test(whole) && whole.length < 8 ? undefined : phoneKeys(whole),
  );
  take(ordinal, 'number', ([, day]) => [`day:${day}`, `number:${day}`]);
  for (const [, value] of text.matchAll(priced))
    found.push({ kind: 'money', keys: [`price:${valueOf(value)}`, `stated:${valueOf(value)}`] });
  for (const [, value, many] of text.matchAll(plain))
    found.push({ kind: 'number', keys: [`number:${valueOf(value, many)}`, ...(pricesIn ? [`price:${valueOf(value, many)}`] : [])] }); // prettier-ignore
  return found;
}

/** Values of the numbers in words of a text: one that says "two hours" allows "2 hours". */
export const spelledNumbers = (text: string): number[] =>
  (fold(text).match(spelledNumber) ?? []).flatMap((word) => numberWords.get(word) ?? []);

/** `1.150,00`, `1,150` and `1 150` are 1150; `60,00` and `60.0` are 60. */
function valueOf(text: string | undefined, many?: string): number | undefined {
  if (text === undefined) return undefined;
  const grouped = /^(?!0)\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d{1,2})?$/.test(text);
  const decimals = /[.,](\d{1,2})$/.exec(text)?.[1] ?? (grouped ? undefined : /[.,](\d{3})$/.exec(text)?.[1]);
  const whole = (decimals === undefined ? text : text.slice(0, -decimals.length - 1)).replaceAll(/\D/g, '');
  const value = Number(`${whole}.${decimals ?? '0'}`);
  return Math.round(value * (many === undefined ? 1 : (multipliers[many] ?? 1)) * 1000) / 1000;
}

function spelledValue(words: string): number {
  let value = 0;
  for (const word of words.split(/[\s-]+/)) {
    const one = numberWords.get(word) ?? 0;
    value = one === 100 && value > 0 && value < 10 ? value * 100 : value + one;
  }
  return value;
}

const nameOf = (sign = ''): string => currencyNames.get(sign) ?? sign;

/** Keys of the pairs of month and day that a date may mean; undefined if none is possible. */
function dateKeys(pairs: readonly (readonly (string | undefined)[])[], given?: string): string[] | undefined {
  const wholeYear = given?.length === 2 ? `20${given}` : given;
  const keys = pairs
    .map((pair) => pair.map(Number))
    .filter(([m = 0, d = 0]) => m >= 1 && m <= 12 && d >= 1 && d <= 31)
    .map(([m, d]) => `${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`);
  if (keys.length === 0) return undefined;
  return [...new Set(keys)].map((key) => `date:${wholeYear === undefined ? '' : `${wholeYear}-`}${key}`);
}

/** Keys in minutes of the day. `9:30` without am or pm may also mean the evening. */
function timeKeys(hour = '', minute = '00', half = ''): string[] | undefined {
  const [hours, minutes] = [Number(hour), Number(minute)];
  if (hours > 24 || minutes > 59) return undefined;
  const key = (h: number): string => `time:${(h % 24) * 60 + minutes}`;
  if (half.startsWith('a')) return [key(hours % 12)];
  if (half.startsWith('p')) return [key((hours % 12) + 12)];
  return half === '' && hours >= 1 && hours <= 12 && !hour.startsWith('0')
    ? [key(hours), key(hours + 12)]
    : [key(hours)];
}

/** Keys of a phone number without leading zeros. An international one also without what may be its country code. */
function phoneKeys(text: string): string[] {
  const digits = text.replaceAll(/\D/g, '').replace(/^0+/, '');
  const isInternational = /^\s*(?:\+|00)/.test(text);
  const short = isInternational ? [1, 2, 3].map((length) => digits.slice(length).replace(/^0+/, '')) : [];
  return [digits, ...short].filter((one) => one.length >= 6).map((one) => `phone:${one}`);
}

function takeLinks(text: string, found: Entity[]): void {
  const add = (link: string): void => void found.push({ kind: 'link', keys: linkKeys(link) });
  const rest = text.replaceAll(/(?<![\p{L}\p{N}])[a-z][a-z0-9+.-]{0,20}:\/\/\S+/giu, (link: string) => {
    add(link);
    return ' ';
  });
  for (const [link, suffix = ''] of rest.matchAll(new RegExp(bareLink.source, 'giu')))
    if (isSuffix(suffix)) add(link);
}

/** `https://www.Example.com/A/` is `example.com/A`. */
function linkKeys(link: string): string[] {
  const bare = link
    .replace(/^[a-z][a-z0-9+.-]*:\/\//iu, '')
    .replace(/[.,;:!?)\]}>"'*_»”]+$/u, '')
    .replace(/^www\./iu, '')
    .replace(/\/$/, '');
  const [host = ''] = bare.split(/[/?#]/);
  return [`link:${host.toLowerCase()}${bare.slice(host.length)}`];
}

const suffixes = new Set(
  'com net org info biz app dev shop store online site website space club xyz top pro tech cloud live page link click blog news email agency studio salon hotel restaurant cafe bar fit clinic dental care edu gov eu uk'.split(' '),
); // prettier-ignore
const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/** Whether a host name may end so: with a well-known or a country's top-level domain. */
function isSuffix(text: string): boolean {
  const suffix = text.toLowerCase();
  if (suffixes.has(suffix)) return true;
  return /^[a-z]{2}$/.test(suffix) && regions.of(suffix.toUpperCase()) !== undefined;
}
