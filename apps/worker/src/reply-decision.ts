import type { ConversationRow, HandOffReason } from '@prosaas/database';
import type { Answer } from '@prosaas/agentkit';

/** Who is to answer a message: the agent; the profile's rules alone, where a person has taken over; nobody, after an opt-out. */
export function whoAnswers(
  conversation: Pick<ConversationRow, 'handed_off_at' | 'opted_out_at'>,
): 'agent' | 'rules' | 'nobody' {
  if (conversation.opted_out_at) return 'nobody';
  return conversation.handed_off_at ? 'rules' : 'agent';
}

export interface ReplyDecision {
  /** Undefined: the message is done without a reply. */
  reply: string | undefined;
  optOut: boolean;
  handOff: HandOffReason | undefined;
}

export const noReply: ReplyDecision = { reply: undefined, optOut: false, handOff: undefined };

/** After a hand-off a person writes, but a wish to be left alone is still heard, and confirmed once. */
export function decideReply(who: 'agent' | 'rules', answer: Answer): ReplyDecision {
  const optOut = answer.source === 'opt-out';
  if (who === 'rules' && !optOut) return noReply;
  return { reply: answer.text, optOut, handOff: answer.handOff ? 'agent' : undefined };
}
