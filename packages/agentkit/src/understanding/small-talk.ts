import { MAX_SENTENCE_WORDS } from './clauses.ts';
import type { Language, SmallTalk } from './language.ts';

/** A longer message is never small talk only. */
const MAX_WORDS = 20;
/** The kind of a message with several: a greeting counts less than a goodbye. */
const KIND_PRIORITY = ['yesOrNo', 'thanks', 'goodbyes', 'greetings', 'acknowledgements'] as const;

export interface SmallTalkFound {
  /** Set if the whole message is small talk. */
  kind: SmallTalk | undefined;
  /** Positions of greetings, thanks and goodbyes, which may stand beside a question. */
  positions: Set<number>;
}

/**
 * Finds the small talk of a message: `Ok great, thanks!` is thanks.
 * @param greetings greetings of the profile, in addition to those of the languages
 */
export function findSmallTalk(
  tokens: readonly string[],
  languages: readonly Language[],
  greetings: readonly string[][] = [],
): SmallTalkFound {
  if (tokens.length > MAX_SENTENCE_WORDS) return { kind: undefined, positions: new Set() };
  const found = new Set<SmallTalk>();
  const positions = new Set<number>();
  const answerPositions = new Set<number>();
  const mark = (kind: SmallTalk, phrases: readonly string[][]): void => {
    for (const phrase of phrases) {
      for (let at = 0; at + phrase.length <= tokens.length; at++) {
        if (!phrase.every((word, offset) => tokens[at + offset] === word && !positions.has(at + offset)))
          continue;
        for (const offset of phrase.keys()) positions.add(at + offset);
        if (kind === 'acknowledgements' || kind === 'yesOrNo')
          for (const offset of phrase.keys()) answerPositions.add(at + offset);
        found.add(kind);
      }
    }
  };
  mark('greetings', greetings);
  // Longer phrases first, whatever their kind, so that `good night` is not read as `good`.
  for (let length = 6; length > 0; length--) {
    for (const { smallTalk } of languages) {
      for (const [kind, phrases] of Object.entries(smallTalk) as [SmallTalk, readonly string[][]][])
        mark(
          kind,
          phrases.filter((phrase) => Math.min(phrase.length, 6) === length),
        );
    }
  }
  const isFiller = (word: string): boolean =>
    languages.some(({ smallTalkFillers }) => smallTalkFillers.has(word));
  const isSmallTalkOnly =
    found.size > 0 &&
    tokens.length <= MAX_WORDS &&
    tokens.every((word, at) => positions.has(at) || isFiller(word));
  const kind = isSmallTalkOnly ? KIND_PRIORITY.find((one) => found.has(one)) : undefined;
  return { kind, positions: new Set([...positions].filter((at) => !answerPositions.has(at))) };
}
