export { type EventSource, applyEvent } from './apply-event.ts';
export { isHeldByOther } from './holder.ts';
export { ContactOptedOut } from './contact-opted-out.ts';
export { moveToDeadLetter } from './move-to-dead-letter.ts';
export {
  type ConversationEvent,
  type EventType,
  type WaitingReason,
  eventTypes,
  isHandOver,
  waitingReasons,
} from './state-machine.ts';
