import { cutText } from '@prosaas/runtime';

/** Characters of a customer's message that the offline agent reads. */
const MAX_QUESTION_LENGTH = 8000;
/** Words of a customer's message that rules are matched with. */
export const MAX_RULE_WORDS = 400;
/** Characters of a customer's message that a model is given. */
export const MAX_MODEL_QUESTION_LENGTH = 4000;
/** Characters of one earlier message that a model is given, and of all of them together. */
export const MAX_MODEL_HISTORY_ENTRY_LENGTH = 1000;
export const MAX_MODEL_HISTORY_LENGTH = 12_000;

/**
 * The part of a customer's message that the offline agent reads. Must be cut before it is normalised: NFKD expands U+FDFA to 18
 * characters, and takes time that grows with the square of a run of unordered combining marks.
 */
export function truncateQuestion(text: string): string {
  return cutText(text, MAX_QUESTION_LENGTH);
}
