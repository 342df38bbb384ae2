import { cutText } from '@prosaas/runtime';

/** Characters of a customer's message that rules and retrieval look at. */
const QUESTION_LENGTH = 8000;
/** Words of it that rules look at. */
export const RULE_WORDS = 400;
/** Characters of a customer's message that a model is given. */
export const MODEL_QUESTION_LENGTH = 4000;
/** Characters of each earlier message that a model is given, and of all of them together. */
export const MODEL_HISTORY_ENTRY_LENGTH = 1000;
export const MODEL_HISTORY_LENGTH = 12_000;
/**
 * The part of a customer's message that is looked at. Cut before it is normalised: NFKD makes 18 characters of U+FDFA, and
 * takes time that grows with the square of a run of unordered combining marks.
 */
export function lookedAt(text: string): string {
  return cutText(text, QUESTION_LENGTH);
}
