import { cutText } from '@prosaas/runtime';
import type { Profile } from '../profile/profile.ts';
import { words } from '../understanding/fold.ts';
import { loadLanguages } from '../understanding/language-reader.ts';

/** Word sets of the language files: one for stopping, one for what is to be stopped. */
const stopping = ['stop', 'stopAlone', 'negation', 'bother'];
const messaging = ['message', 'send', 'sendMe'];
/** Up to this many words, a message is an opt-out if it contains an opt-out word of the profile. */
const MAX_SHORT_WORDS = 4;

/**
 * Whether a message is plausibly an opt-out. This is looser than the opt-out rules, because the model must have called its tool, too. A word
 * such as `stop` alone is not enough in a longer message: "Can I stop my appointment?".
 */
export function isPlausibleOptOut(text: string, profile: Profile): boolean {
  const all = words(cutText(text, 2000));
  const padded = ` ${all.join(' ')} `;
  const has = (phrase: string): boolean => padded.includes(` ${words(phrase).join(' ')} `);
  if (all.length <= MAX_SHORT_WORDS && profile.optOut.words.some(has)) return true;
  return loadLanguages().some(({ sets }) => {
    const hasOne = (names: readonly string[]): boolean =>
      names.some((name) => (sets.get(name) ?? []).some(has));
    return hasOne(stopping) && hasOne(messaging);
  });
}
