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

/** So many messages in a row that the agent does not understand: then a person answers. */
const NOT_UNDERSTOOD_AT_MOST = 3;

/** What is known of a message, and of its conversation, when it is decided how to answer. */
export interface ReplyInput {
  message: Pick<JobMessage, 'text' | 'kind'>;
  conversation: Pick<ConversationRow, 'state' | 'state_reason' | 'not_understood' | 'opted_out_at'>;
  /** It came long after it was written. */
  isLate: boolean;
  /** The agent failed to answer the message before, and is told to try again. */
  isReplay: boolean;
  /** The agent has answered too often in too short a time. */
  isLoop: boolean;
  history: readonly HistoryEntry[];
  now: Date;
  signal: AbortSignal;
}

export interface ReplyDecision {
  /** What becomes of the message. */
  end: MessageEnd;
  /** Undefined: nothing is written. */
  reply?: string | undefined;
  /** Of the reply: what it came from. */
  match?: AnswerMatch | undefined;
  event?: ConversationEvent | undefined;
  /** Messages in a row that were not understood, with this one; undefined: as it was. */
  notUnderstood?: number | undefined;
  /** A question that the agent was to answer and did not understand. */
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
/** After these nothing is left to say. A greeting asks for attention, and `yes` may answer what a person asked. */
const closings = new Set<Answer['smallTalk']>(['thanks', 'goodbyes', 'acknowledgements']);
const isSmallTalk = ({ source }: Answer): boolean => source === 'greeting' || source === 'small-talk';

/**
 * Decides how a message is answered. `rules` is the agent without a model. It hears opt-outs, emergencies and wishes for a person in every
 * state.
 */
export async function decideReply(
  { agent, rules, profile }: { agent: Agent; rules: Agent; profile: Profile },
  input: ReplyInput,
): Promise<ReplyDecision> {
  const { message, conversation, isLate, isLoop, history, now, signal } = input;
  const isOptedOut = conversation.opted_out_at !== null;
  const isText = message.kind === 'text';
  const asksRules = isOptedOut || !isOfAgent(input) || isLate || isLoop || !isText;
  const answer = await (asksRules ? rules : agent).answer({
    text: message.text,
    history,
    now,
    channel: 'whatsapp',
    isOptedOut,
    signal,
  });
  // Whatever is written from here on is in the customer's language.
  const spoken = profileIn(profile, answer.language);
  const decision = decide(answer, input, spoken);
  const isUnderstood = answer.source !== 'unknown' && (answer.offered ?? []).length === 0;
  const isMissed = !asksRules && !isUnderstood;
  return {
    ...decision,
    match: matchOf(answer, decision),
    ...(isMissed && { missed: { language: answer.language } }),
  };
}

/** The agent failed to answer, a person is waited for, and the agent is told to try again. */
const isMended = ({ conversation: { state, state_reason: reason }, isReplay }: ReplyInput): boolean =>
  isReplay && state === 'waiting' && reason === 'failure';

const isOfAgent = (input: ReplyInput): boolean =>
  isMended(input) || input.conversation.state === 'agent' || input.conversation.state === 'closed';

function decide(answer: Answer, input: ReplyInput, profile: Profile): ReplyDecision {
  const { message, conversation, isLate, isLoop, now } = input;
  const { state, state_reason: stateReason } = conversation;
  const isOptedOut = conversation.opted_out_at !== null;
  const isText = message.kind === 'text';
  if (isText && !isOptedOut && answer.source === 'opt-out')
    return { end: answered, reply: answer.text, event: { type: 'opted_out' } };
  if (answer.handOff === 'emergency') {
    if (state === 'waiting' && stateReason === 'emergency') return { end: waits };
    // A program may repeat every reply, and so trigger the next one. Where the customer opted out or a person has the chat, the agent is silent.
    const isSilent = isLoop || isOptedOut || state === 'person';
    return { ...handOver('emergency', answer.text), ...(isSilent && { reply: undefined }) };
  }
  if (isOptedOut) return decideOptedOut(answer, { isAgents: isOfAgent(input), isText, isLoop });
  if (!isOfAgent(input)) {
    const isClosing = answer.smallTalk !== undefined && closings.has(answer.smallTalk);
    return { end: isText && isClosing ? ignored('small_talk') : waits };
  }
  if (isLate) return handOver('late', lateReply(profile, now));
  if (!isText) return handOver('not_text', notTextReply(profile, now));
  if (isLoop) return handOver('loop', handOffReply(profile, now));
  if (answer.handOff !== undefined) return handOver(answer.handOff, answer.text);
  const event: ConversationEvent | undefined = isMended(input) ? { type: 'failure_resolved' } : undefined;
  if (isSmallTalk(answer) && answer.text === '') return { end: ignored('small_talk'), event };
  if (isSmallTalk(answer)) return { end: answered, reply: answer.text, event };
  if (answer.source !== 'unknown') return { end: answered, reply: answer.text, notUnderstood: 0, event };
  const notUnderstood = conversation.not_understood + 1;
  if (notUnderstood >= NOT_UNDERSTOOD_AT_MOST) return handOver('not_understood', handOffReply(profile, now));
  return { end: answered, reply: answer.text, notUnderstood, event };
}

/** The contact opted out. A later message opts in again, is ignored as small talk, or waits for a person. */
function decideOptedOut(
  answer: Answer,
  { isAgents, isText, isLoop }: { isAgents: boolean; isText: boolean; isLoop: boolean },
): ReplyDecision {
  if (isText && answer.source === 'opt-in' && !isLoop)
    return { end: answered, reply: answer.text, event: { type: 'opted_in' } };
  if (isText && (isSmallTalk(answer) || answer.source === 'opt-out')) return { end: ignored('opted_out') };
  return { end: waits, ...(isAgents && { event: { type: 'needs_person', reason: 'opted_out' } }) };
}
