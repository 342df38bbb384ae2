import {
  type Agent,
  type Answer,
  type HistoryEntry,
  type Profile,
  handOffReply,
  lateReply,
  notTextReply,
  profileIn,
} from '@prosaas/agentkit';
import type { ConversationEvent, WaitingReason } from '@prosaas/conversations';
import type { AnswerMatch, ConversationRow, JobMessage, MessageEnd } from '@prosaas/database';
import { matchOf } from './answer-match.ts';

/** After this many messages in a row that the agent does not understand, a person answers. */
const MAX_NOT_UNDERSTOOD = 3;

/** What the decision depends on. */
export interface ReplyInput {
  message: Pick<JobMessage, 'text' | 'kind'>;
  conversation: Pick<ConversationRow, 'state' | 'state_reason' | 'not_understood' | 'opted_out_at'>;
  /** The message arrived long after it was written. */
  isLate: boolean;
  /** The job failed before and was replayed. */
  isReplay: boolean;
  /** The agent has answered too often in a short time. */
  isLoop: boolean;
  history: readonly HistoryEntry[];
  now: Date;
  signal: AbortSignal;
}

export interface ReplyDecision {
  /** The final status of the message. */
  end: MessageEnd;
  /** Undefined: no reply. */
  reply?: string | undefined;
  /** What the reply was based on. */
  match?: AnswerMatch | undefined;
  event?: ConversationEvent | undefined;
  /** Messages in a row that were not understood, including this one; undefined: unchanged. */
  notUnderstood?: number | undefined;
  /** Set if the agent did not understand the question. */
  missed?: { language?: string | undefined } | undefined;
}

const waits: MessageEnd = { status: 'waiting_for_person' };
const answered: MessageEnd = { status: 'answered' };
const ignored = (reason: string): MessageEnd => ({ status: 'ignored', reason });
const handOver = (reason: WaitingReason, reply: string): ReplyDecision => ({
  end: waits,
  reply,
  event: { type: 'needs_person', reason },
});
/** Small talk that needs no answer. Not a greeting, which asks for attention, nor `yes`, which may answer a person's question. */
const closings = new Set<Answer['smallTalk']>(['thanks', 'goodbyes', 'acknowledgements']);
const isSmallTalk = ({ source }: Answer): boolean => source === 'greeting' || source === 'small-talk';

/**
 * Decides how to answer a message. `rules` is the agent without a model. Opt-outs, emergencies and requests for a person are recognized in
 * every state.
 */
export async function decideReply(
  { agent, rules, profile }: { agent: Agent; rules: Agent; profile: Profile },
  input: ReplyInput,
): Promise<ReplyDecision> {
  const { message, conversation, isLate, isLoop, history, now, signal } = input;
  const isOptedOut = conversation.opted_out_at !== null;
  const isText = message.kind === 'text';
  const usesRules = isOptedOut || !isAgentsTurn(input) || isLate || isLoop || !isText;
  const answer = await (usesRules ? rules : agent).answer({
    text: message.text,
    history,
    now,
    channel: 'whatsapp',
    isOptedOut,
    signal,
  });
  const localized = profileIn(profile, answer.language);
  const decision = decide(answer, input, localized);
  const isUnderstood = answer.source !== 'unknown' && (answer.offered ?? []).length === 0;
  const isMissed = !usesRules && !isUnderstood;
  return {
    ...decision,
    match: matchOf(answer, decision),
    ...(isMissed && { missed: { language: answer.language } }),
  };
}

/** A replay of the message that the agent failed to answer, in a conversation that waits for a person because of that. */
const isRetryAfterFailure = ({
  conversation: { state, state_reason: reason },
  isReplay,
}: ReplyInput): boolean => isReplay && state === 'waiting' && reason === 'failure';

const isAgentsTurn = (input: ReplyInput): boolean =>
  isRetryAfterFailure(input) || input.conversation.state === 'agent' || input.conversation.state === 'closed';

function decide(answer: Answer, input: ReplyInput, profile: Profile): ReplyDecision {
  const { message, conversation, isLate, isLoop, now } = input;
  const { state, state_reason: stateReason } = conversation;
  const isOptedOut = conversation.opted_out_at !== null;
  const isText = message.kind === 'text';
  if (isText && !isOptedOut && answer.source === 'opt-out')
    return { end: answered, reply: answer.text, event: { type: 'opted_out' } };
  if (answer.handOff === 'emergency') {
    if (state === 'waiting' && stateReason === 'emergency') return { end: waits };
    // In a loop the contact may be a program that echoes replies. After an opt-out, or while a person has the chat, the agent is silent too.
    const isSilent = isLoop || isOptedOut || state === 'person';
    return { ...handOver('emergency', answer.text), ...(isSilent && { reply: undefined }) };
  }
  if (isOptedOut) return decideOptedOut(answer, { isAgents: isAgentsTurn(input), isText, isLoop });
  if (!isAgentsTurn(input)) {
    const isClosing = answer.smallTalk !== undefined && closings.has(answer.smallTalk);
    return { end: isText && isClosing ? ignored('small_talk') : waits };
  }
  if (isLate) return handOver('late', lateReply(profile, now));
  if (!isText) return handOver('not_text', notTextReply(profile, now));
  if (isLoop) return handOver('loop', handOffReply(profile, now));
  if (answer.handOff !== undefined) return handOver(answer.handOff, answer.text);
  const event: ConversationEvent | undefined = isRetryAfterFailure(input)
    ? { type: 'failure_resolved' }
    : undefined;
  if (isSmallTalk(answer) && answer.text === '') return { end: ignored('small_talk'), event };
  if (isSmallTalk(answer)) return { end: answered, reply: answer.text, event };
  if (answer.source !== 'unknown') return { end: answered, reply: answer.text, notUnderstood: 0, event };
  const notUnderstood = conversation.not_understood + 1;
  if (notUnderstood >= MAX_NOT_UNDERSTOOD) return handOver('not_understood', handOffReply(profile, now));
  return { end: answered, reply: answer.text, notUnderstood, event };
}

/** For a contact who opted out: a message opts in again, is ignored as small talk, or waits for a person. */
function decideOptedOut(
  answer: Answer,
  { isAgents, isText, isLoop }: { isAgents: boolean; isText: boolean; isLoop: boolean },
): ReplyDecision {
  if (isText && answer.source === 'opt-in' && !isLoop)
    return { end: answered, reply: answer.text, event: { type: 'opted_in' } };
  if (isText && (isSmallTalk(answer) || answer.source === 'opt-out')) return { end: ignored('opted_out') };
  return { end: waits, ...(isAgents && { event: { type: 'needs_person', reason: 'opted_out' } }) };
}
