import { SENTENCE_WORDS } from './clauses.ts';
import type { Language, SmallTalk } from './language.ts';

/** Longer messages say something. */
const MOST_WORDS = 20;
const order = ['yesOrNo', 'thanks', 'goodbyes', 'greetings', 'acknowledgements'] as const;

export interface SmallTalkFound {
  /** Of what kind the message is, where it is nothing else. */
  kind: SmallTalk | undefined;
  /** Positions of greetings, thanks and goodbyes, which may stand beside a question. */
  positions: Set<number>;
}

/**
 * Finds the small talk of a message: `Ok great, thanks!` is thanks. A greeting counts least: whoever greets and says goodbye says
 * goodbye. The kind is undefined where a word is left over.
 *
 * @param greetings of the profile, as words, beside those of the languages
 */
export function findSmallTalk(
  said: readonly string[],
  languages: readonly Language[],
  greetings: readonly string[][] = [],
): SmallTalkFound {
  if (said.length > SENTENCE_WORDS) return { kind: undefined, positions: new Set() };
  const found = new Set<SmallTalk>();
  const positions = new Set<number>();
  const answers = new Set<number>();
  const take = (kind: SmallTalk, phrases: readonly string[][]): void => {
    for (const phrase of phrases) {
      for (let at = 0; at + phrase.length <= said.length; at++) {
        if (!phrase.every((word, offset) => said[at + offset] === word && !positions.has(at + offset)))
          continue;
        for (const offset of phrase.keys()) positions.add(at + offset);
        if (kind === 'acknowledgements' || kind === 'yesOrNo')
          for (const offset of phrase.keys()) answers.add(at + offset);
        found.add(kind);
      }
    }
  };
  take('greetings', greetings);
  // Longer phrases first, of whatever kind: `good night` is no `good`.
  for (let length = 6; length > 0; length--) {
    for (const { smallTalk } of languages) {
      for (const [kind, phrases] of Object.entries(smallTalk) as [SmallTalk, readonly string[][]][])
        take(
          kind,
          phrases.filter((phrase) => Math.min(phrase.length, 6) === length),
        );
    }
  }
  const isFiller = (word: string): boolean =>
    languages.some(({ smallTalkFillers }) => smallTalkFillers.has(word));
  const isAll =
    found.size > 0 &&
    said.length <= MOST_WORDS &&
    said.every((word, at) => positions.has(at) || isFiller(word));
  const kind = isAll ? order.find((one) => found.has(one)) : undefined;
  return { kind, positions: new Set([...positions].filter((at) => !answers.has(at))) };
}
