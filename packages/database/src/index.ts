export { DEFAULT_BUSINESS_ID, findBusiness, type BusinessRow } from './business-repository.ts';
export {
  findConversationById,
  lockConversation,
  markHandedOff,
  markOptedOut,
  openConversation,
  type ContactInput,
  type ConversationRow,
} from './conversation-repository.ts';
export {
  closeMessage,
  findMessageById,
  findOldestOpen,
  insertReply,
  listHistory,
  listOverdue,
  recordInbound,
  type InboundInput,
  type MessageRow,
} from './message-repository.ts';
export {
  addToOutbox,
  deleteFromOutbox,
  readOutboxBacklog,
  takeFromOutbox,
  type OutboxRow,
} from './outbox-repository.ts';
