import type { Answer } from '@prosaas/agentkit';
import type { AnswerMatch } from '@prosaas/database';
import type { ReplyDecision } from './reply-decision.ts';

/** What a reply was based on; of several entries, the first. Undefined if there is no reply. */
export function matchOf(
  { source, entries: [question] = [] }: Pick<Answer, 'source' | 'entries'>,
  { reply, event }: Pick<ReplyDecision, 'reply' | 'event'>,
): AnswerMatch | undefined {
  if (reply === undefined) return undefined;
  if (event?.type === 'needs_person') return { source: 'hand-off', reason: event.reason };
  return { source, ...(question !== undefined && { question }) };
}
