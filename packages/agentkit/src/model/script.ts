import { cutText } from '@prosaas/runtime';
import type { Profile } from '../profile/profile.ts';
import { MAX_MODEL_QUESTION_LENGTH } from '../question-limits.ts';
import { stringsOf } from './profile-strings.ts';

const scripts = [
  'Latin', 'Cyrillic', 'Greek', 'Hebrew', 'Arabic', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Tamil', 'Telugu', 'Kannada', 'Malayalam',
  'Sinhala', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Georgian', 'Armenian', 'Ethiopic', 'Hangul', 'Hiragana', 'Katakana', 'Han',
] as const; // prettier-ignore
type Script = (typeof scripts)[number];

const patterns = scripts.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'gu')] as const);
/** The scripts of Japanese: whoever writes one of them reads the others. */
const japanese: readonly Script[] = ['Hiragana', 'Katakana', 'Han'];

/** Letters of each unexpected script that a reply may contain. */
const MAX_STRAY_LETTERS = 1;

/**
 * Whether a reply is in a script that the customer or the business writes. It does not detect a wrong language in the same script: an
 * English answer to a German question passes.
 */
export function isReadable(reply: string, question: string, profile: Profile): boolean {
  const asked = cutText(question, MAX_MODEL_QUESTION_LENGTH);
  const counts = countsOf(reply);
  const [main] = counts.keys();
  if (main === undefined) return true;
  const [ofCustomer] = countsOf(asked).keys();
  const ofBusiness = languageScripts(profile);
  const expected = withJapanese([...(ofCustomer === undefined ? [] : [ofCustomer]), ...ofBusiness]);
  if (!expected.has(main)) return false;
  const known = withJapanese([...expected, 'Latin', ...countsOf(asked).keys(), ...profileScripts(profile)]);
  return [...counts].every(([script, count]) => known.has(script) || count <= MAX_STRAY_LETTERS);
}

/** Letters by script, the most frequent first. */
function countsOf(text: string): Map<Script, number> {
  const counts = patterns.map(([script, pattern]) => [script, text.match(pattern)?.length ?? 0] as const);
  return new Map(counts.filter(([, count]) => count > 0).toSorted((one, other) => other[1] - one[1]));
}

const withJapanese = (given: readonly Script[]): Set<Script> =>
  new Set(given.some((script) => japanese.slice(0, 2).includes(script)) ? [...given, ...japanese] : given);

const byTag: Readonly<Record<string, readonly Script[]>> = {
  Latn: ['Latin'], Cyrl: ['Cyrillic'], Grek: ['Greek'], Hebr: ['Hebrew'], Arab: ['Arabic'], Deva: ['Devanagari'], Beng: ['Bengali'],
  Guru: ['Gurmukhi'], Gujr: ['Gujarati'], Taml: ['Tamil'], Telu: ['Telugu'], Knda: ['Kannada'], Mlym: ['Malayalam'], Sinh: ['Sinhala'],
  Thai: ['Thai'], Laoo: ['Lao'], Khmr: ['Khmer'], Mymr: ['Myanmar'], Geor: ['Georgian'], Armn: ['Armenian'], Ethi: ['Ethiopic'],
  Kore: ['Hangul'], Jpan: japanese, Hans: ['Han'], Hant: ['Han'],
}; // prettier-ignore

/** The scripts of the profile's languages. */
function languageScripts({ language, translations = {} }: Profile): Script[] {
  return [language, ...Object.keys(translations)].flatMap(
    (tag) => byTag[new Intl.Locale(tag).maximize().script ?? ''] ?? [],
  );
}

const known = new WeakMap<Profile, Script[]>();

/** The scripts of all texts of the profile. */
function profileScripts(profile: Profile): Script[] {
  let found = known.get(profile);
  if (found === undefined) {
    const all = new Set<Script>();
    for (const { text } of stringsOf(profile)) {
      for (const [script, pattern] of patterns)
        if (!all.has(script) && text.search(pattern) >= 0) all.add(script);
    }
    known.set(profile, (found = [...all]));
  }
  return found;
}
