import { cutText } from '@prosaas/runtime';
import type { HistoryEntry } from '../answer.ts';
import { MAX_MODEL_HISTORY_ENTRY_LENGTH, MAX_MODEL_HISTORY_LENGTH } from '../question-limits.ts';
import { estimateTokens } from './tokens.ts';

const MAX_HISTORY_ENTRIES = 20;

/** The latest messages, oldest first, as many as fit into the limits of entries, characters and tokens. */
export function givenHistory(history: readonly HistoryEntry[], tokens: number = Infinity): HistoryEntry[] {
  const given: HistoryEntry[] = [];
  let length = 0;
  let left = tokens;
  for (const { direction, text } of history.slice(-MAX_HISTORY_ENTRIES).toReversed()) {
    const cut = cutText(text, MAX_MODEL_HISTORY_ENTRY_LENGTH);
    length += cut.length;
    left -= estimateTokens(cut);
    if (length > MAX_MODEL_HISTORY_LENGTH || left < 0) break;
    given.unshift({ direction, text: cut });
  }
  return given;
}
