import type { ConversationState } from '@prosaas/database';

/** Why a conversation waits for a person, with the text that people read. */
export const waitingReasons = {
  asked: 'the customer asked for a person',
  complaint: 'the customer complains',
  emergency: 'the customer used an emergency word',
  not_understood: 'the agent did not understand',
  loop: 'the agent answered too often in too short a time',
  failure: 'the agent could not answer',
  not_text: 'something other than text came',
  late: 'a message came hours after it was written',
  opted_out: 'the customer opted out, and wrote again',
  person_left: 'the person in charge left a message unanswered',
} as const;
export type WaitingReason = keyof typeof waitingReasons;

export type ConversationEvent =
  | { type: 'customer_wrote' }
  | { type: 'needs_person'; reason: WaitingReason }
  /** Over REST, or by answering a notice. */
  | { type: 'taken_over' }
  | { type: 'assigned' }
  /** Over REST, or from the phone of the account. */
  | { type: 'person_wrote' }
  | { type: 'given_back' }
  /** The person was silent for too long. */
  | { type: 'time_up' }
  /** The message that the agent had failed to answer is answered now. */
  | { type: 'failure_resolved' }
  | { type: 'closed' }
  | { type: 'reopened' }
  | { type: 'opted_out' }
  | { type: 'opted_in' };
export type EventType = ConversationEvent['type'];

/** The next state, by the current one. */
type Transition = Readonly<Record<ConversationState, ConversationState>>;
const unchanged: Transition = { agent: 'agent', waiting: 'waiting', person: 'person', closed: 'closed' };
const always = (state: ConversationState): Transition => ({
  agent: state,
  waiting: state,
  person: state,
  closed: state,
});

const transitions: Readonly<Record<EventType, Transition>> = {
  customer_wrote: { ...unchanged, closed: 'agent' },
  needs_person: { ...always('waiting'), person: 'person' },
  taken_over: always('person'),
  assigned: always('person'),
  person_wrote: always('person'),
  given_back: { ...always('agent'), closed: 'closed' },
  time_up: { ...unchanged, person: 'agent' },
  failure_resolved: { ...unchanged, waiting: 'agent' },
  closed: always('closed'),
  reopened: { ...unchanged, closed: 'agent' },
  opted_out: unchanged,
  opted_in: unchanged,
};

export const eventTypes = Object.keys(transitions) as readonly EventType[];

/**
 * The state after an event.
 *
 * @param isUnanswered whether a message of the customer has no answer
 */
export function nextState(
  state: ConversationState,
  event: ConversationEvent,
  { isUnanswered }: { isUnanswered: boolean },
): ConversationState {
  if (isUnanswered && event.type === 'time_up' && state === 'person') return 'waiting';
  if (isUnanswered && event.type === 'failure_resolved') return state;
  // Also from `person`, so that everybody is notified. Whoever writes next holds the conversation.
  if (event.type === 'needs_person' && event.reason === 'emergency') return 'waiting';
  return transitions[event.type][state];
}

/** Whether a conversation started to wait for a person. */
export const isHandOver = (change: { from: ConversationState; to: ConversationState } | undefined): boolean =>
  change?.to === 'waiting' && change.from !== 'waiting';

/** Whether the event is logged even if it does not change the state. */
export const isAlwaysLogged = (type: EventType): boolean =>
  ['needs_person', 'opted_out', 'opted_in'].includes(type);
