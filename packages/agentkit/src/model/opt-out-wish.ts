import { cutText } from '@prosaas/runtime';
import type { Profile } from '../profile/profile.ts';
import { words } from '../understanding/fold.ts';
import { loadLanguages } from '../understanding/language-reader.ts';

/** Sets of the languages' files that say to stop, and what is to stop. */
const stopping = ['stop', 'stopAlone', 'negation', 'bother'];
const messaging = ['message', 'send', 'sendMe'];
/** A whole message of so few words that holds a word of the profile's opt-out is one. */
const FEW_WORDS = 4;

/**
 * Whether a message is plausibly a wish to get no more messages: looser than the rules that decide without a model, as the model has to
 * say so, too. A word such as `stop` alone is not enough inside a sentence: "Can I stop my appointment?".
 */
export function wishesNoMessages(text: string, profile: Profile): boolean {
  const all = words(cutText(text, 2000));
  const said = ` ${all.join(' ')} `;
  const has = (phrase: string): boolean => said.includes(` ${words(phrase).join(' ')} `);
  if (all.length <= FEW_WORDS && profile.optOut.words.some(has)) return true;
  return loadLanguages().some(({ sets }) => {
    const hasOne = (names: readonly string[]): boolean =>
      names.some((name) => (sets.get(name) ?? []).some(has));
    return hasOne(stopping) && hasOne(messaging);
  });
}
