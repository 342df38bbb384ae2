import type { Answer, Profile } from '@prosaas/agentkit';
import type { AnswerMatch } from '@prosaas/database';
import type { ReplyDecision } from './reply-decision.ts';

/** What an answer came from; undefined where nothing is written. A repeat of an answer has other words around it. */
export function matchOf(
  { source, text, entries: [named] = [] }: Answer,
  { reply, event }: Pick<ReplyDecision, 'reply' | 'event'>,
  faq: Profile['faq'],
): AnswerMatch | undefined {
  if (reply === undefined) return undefined;
  if (event?.type === 'needs_person') return { source: 'hand-off', reason: event.reason };
  if (source !== 'faq') return { source };
  if (named !== undefined) return { source, question: named };
  const entries = faq.filter(({ answer }) => text.includes(answer));
  // One answer may be a part of another.
  const [entry] = entries.toSorted((one, other) => other.answer.length - one.answer.length);
  return { source, ...(entry && { question: entry.question }) };
}
