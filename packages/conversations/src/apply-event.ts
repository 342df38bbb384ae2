import {
  type ConversationRow,
  type ConversationState,
  type EventActor,
  type Queryable,
  addConversationEvent,
  markWaitingMessagesAnswered,
  cancelAgentAnswers,
  hasUnansweredMessage,
  markWaitingMessagesIgnored,
  lockConversation,
  markOptedIn,
  markOptedOut,
  setConversationState,
} from '@prosaas/database';
import { type ConversationEvent, isAlwaysLogged, nextState } from './state-machine.ts';

export interface EventSource {
  actor: EventActor;
  /** Who did it; for `assigned`, to whom the conversation is assigned. */
  personId?: string | undefined;
  /** The message that caused it. */
  messageId?: string | undefined;
  /** Why, in a person's words. */
  note?: string | undefined;
}

/**
 * Applies an event to a conversation, in the transaction of its cause: sets the state, logs the event, drops the agent's queued answers and
 * closes waiting messages where the event demands it. The conversation stays locked until the transaction ends.
 *
 * @returns the states before and after; undefined if there is no such conversation
 */
export async function applyEvent(
  tx: Queryable,
  conversationId: string,
  event: ConversationEvent,
  source: EventSource,
): Promise<{ from: ConversationState; to: ConversationState } | undefined> {
  const conversation = await lockConversation(tx, conversationId);
  if (conversation === undefined) return undefined;
  const needsUnanswered = event.type === 'time_up' || event.type === 'failure_resolved';
  const isUnanswered = needsUnanswered && (await hasUnansweredMessage(tx, conversationId));
  const from = conversation.state;
  const to = nextState(from, event, { isUnanswered });
  const holder = holderAfter(conversation, event, source, to);
  // A repeat by the holder only extends her time.
  const isPassedOn = from === 'person' && to === 'person' && holder !== conversation.person_id;
  const reason = stateReason(conversation, event, source, { to, isPassedOn });

  if (event.type === 'opted_out') await markOptedOut(tx, conversationId);
  if (event.type === 'opted_in') await markOptedIn(tx, conversationId);
  const isAnnouncedAnew = to === 'waiting' && (from !== to || reason !== conversation.state_reason);
  await setConversationState(tx, conversationId, {
    state: to,
    reason,
    personId: holder,
    isNew: from !== to,
    isAnnouncedAnew,
    isRead: event.type === 'taken_over' || event.type === 'person_wrote',
    extends: event.type === 'taken_over' || event.type === 'assigned' || event.type === 'person_wrote',
  });
  const log = (name: string, messageId: string | undefined): Promise<void> =>
    addConversationEvent(tx, {
      conversationId,
      event: name,
      from,
      to,
      reason: source.note ?? ('reason' in event || to === 'waiting' ? reason : null),
      actor: source.actor,
      personId: source.personId,
      messageId,
    });
  if (from !== to || isPassedOn || isAnnouncedAnew || isAlwaysLogged(event.type))
    await log(event.type, source.messageId);

  // After an opt-out nothing is dropped: the queued answer is its confirmation.
  if (to === 'person' && conversation.opted_out_at === null) {
    for (const messageId of await cancelAgentAnswers(tx, conversationId)) {
      // oxlint-disable-next-line no-await-in-loop -- nearly always none, or one
      await log('answer_dropped', messageId);
    }
  }
  if (event.type === 'person_wrote') await markWaitingMessagesAnswered(tx, conversationId);
  if (event.type === 'given_back' || event.type === 'closed')
    await markWaitingMessagesIgnored(tx, conversationId, event.type);
  return { from, to };
}

/** The person who holds the conversation after the event; null if she is unknown. */
function holderAfter(
  { person_id: before }: ConversationRow,
  { type }: ConversationEvent,
  { personId }: EventSource,
  to: ConversationState,
): string | null {
  if (to !== 'person') return null;
  if (type === 'taken_over' || type === 'assigned') return personId ?? null;
  // An unknown writer may be the holder herself.
  return type === 'person_wrote' ? (personId ?? before) : before;
}

/** For `waiting`, why; for `person`, how she got the conversation. */
function stateReason(
  { state, state_reason: before }: ConversationRow,
  event: ConversationEvent,
  { actor }: EventSource,
  { to, isPassedOn }: { to: ConversationState; isPassedOn: boolean },
): string | null {
  if (to === 'waiting') {
    if (event.type === 'time_up') return 'person_left';
    // The first reason stays, unless the new one is an emergency.
    return event.type === 'needs_person' && (state !== 'waiting' || event.reason === 'emergency')
      ? event.reason
      : before;
  }
  if (to !== 'person') return null;
  if (state === 'person' && !isPassedOn) return before;
  return event.type === 'person_wrote' && actor === 'phone' ? 'phone' : event.type;
}
