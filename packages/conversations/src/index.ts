export { type EventSource, applyEvent } from './apply-event.ts';
export { ContactOptedOut } from './contact-opted-out.ts';
export { giveUp } from './give-up.ts';
export {
  type ConversationEvent,
  type ConversationState,
  type EventType,
  type WaitingReason,
  eventTypes,
  isHandOver,
  nextState,
  waitingReasons,
} from './state-machine.ts';
