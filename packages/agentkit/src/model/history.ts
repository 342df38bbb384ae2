import { cutText } from '@prosaas/runtime';
import type { HistoryEntry } from '../answer.ts';
import { MAX_MODEL_HISTORY_ENTRY_LENGTH, MAX_MODEL_HISTORY_LENGTH } from '../question-limits.ts';
import { estimateTokens } from './tokens.ts';

const historyEntries = 20;

/** The latest turns, oldest first, as many as fit into both bounds. */
export function givenHistory(history: readonly HistoryEntry[], tokens: number = Infinity): HistoryEntry[] {
  const given: HistoryEntry[] = [];
  let length = 0;
  let left = tokens;
  for (const { direction, text } of history.slice(-historyEntries).toReversed()) {
    const cut = cutText(text, MAX_MODEL_HISTORY_ENTRY_LENGTH);
    length += cut.length;
    left -= estimateTokens(cut);
    if (length > MAX_MODEL_HISTORY_LENGTH || left < 0) break;
    given.unshift({ direction, text: cut });
  }
  return given;
}
