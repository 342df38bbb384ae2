export { type EventSource, applyEvent } from './apply-event.ts';
export { isHeldByOther } from './holder.ts';
export { ContactOptedOut } from './contact-opted-out.ts';
export { giveUp } from './give-up.ts';
export {
  type ConversationEvent,
  type EventType,
  type WaitingReason,
  eventTypes,
  isHandOver,
  waitingReasons,
} from './state-machine.ts';
