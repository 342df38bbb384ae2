import type { Answer } from '@prosaas/agentkit';
import type { ConversationEvent } from '@prosaas/conversations';
import type { AnswerMatch } from '@prosaas/database';

/** What a reply was based on; of several entries, the first. Undefined if there is no reply. */
export function matchOf(
  { source, entries: [question] = [] }: Pick<Answer, 'source' | 'entries'>,
  { reply, event }: { reply?: string | undefined; event?: ConversationEvent | undefined },
): AnswerMatch | undefined {
  if (reply === undefined) return undefined;
  if (event?.type === 'needs_person') return { source: 'hand-off', reason: event.reason };
  return { source, ...(question !== undefined && { question }) };
}
