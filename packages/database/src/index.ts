// Connection, migrations and health
export {
  classifyDatabaseError,
  type DatabaseErrorClass,
  type DatabaseErrorKind,
  isDatabaseOutage,
  isRetryableDatabaseError,
} from './database-error.ts';
export { databasePreparationLog } from './database-outages.ts';
export { databaseTime } from './database-time.ts';
export { createDatabase, type Database, type DatabaseOptions, type Queryable } from './database.ts';
export { DeferredWrites } from './deferred-writes.ts';
export { migrate, type MigrateOptions, MigrationBlocked } from './migrate.ts';
export { type Blocker } from './migration-blockers.ts';
export { type MigrationStatus, migrationStatus } from './migrations.ts';
export { createDatabaseProbe, type DatabaseProbe, type SchemaReport } from './probe.ts';
export { schemaDrift } from './schema-drift.ts';
export { checkStack, StackConflict, type StackStore } from './stack.ts';
export { countConnections, countConversationsByState } from './system-counts.ts';
export { hasTable } from './tables.ts';
export { isWriteOutage, type WriteFailure, WriteFailures } from './write-failures.ts';

// Conversations and their messages
export {
  listFailedCustomerMessages,
  lockConversationsOfJobs,
  markMessagesAnswered,
  type AnsweredMessage,
  reopenAnsweredMessages,
} from './conversations/answered-message-repository.ts';
export { readChatVersion } from './conversations/chat-version.ts';
export {
  type ConversationCounts,
  type ConversationSummary,
  countConversations,
  findConversation,
  listConversations,
  listConversationsByNeed,
} from './conversations/conversation-listing.ts';
export {
  type ContactInput,
  type ConversationRow,
  type ConversationState,
  conversationStates,
  hasInboundMessage,
  hasRecentAnswers,
  lockConversation,
  markOptedIn,
  markOptedOut,
  openConversation,
} from './conversations/conversation-repository.ts';
export {
  addConversationEvent,
  cancelAgentAnswers,
  cancelOptedOutMessage,
  type ConversationEventRow,
  countWaitingMessages,
  type EventActor,
  hasPersonAnsweredSince,
  hasUnansweredMessage,
  listConversationEvents,
  markConversationRead,
  markWaitingMessagesAnswered,
  markWaitingMessagesIgnored,
  type NewConversationEvent,
  setConversationState,
  setNotUnderstoodCount,
  type StateChange,
} from './conversations/conversation-state-repository.ts';
export { messageIdForKey } from './conversations/message-id.ts';
export { findMessage, listMessages, type MessageSummary } from './conversations/message-listing.ts';
export {
  type AnswerMatch,
  closeMessage,
  closeMessages,
  findMessageById,
  type InboundInput,
  insertReply,
  listHistory,
  type MessageAuthor,
  type MessageEnd,
  type MessageKind,
  type MessageRow,
  type MessageStatus,
  recordInbound,
} from './conversations/message-repository.ts';
export {
  addNotice,
  type AnsweredNotice,
  countOthersWaiting,
  deleteOldNotices,
  type DueAnnouncements,
  type EmailNotice,
  findAnsweredNotice,
  findUnsentNotice,
  isOutdatedNotice,
  listDueAnnouncements,
  listExpiredTakeovers,
  listLastInbound,
  listReachablePeople,
  lockExpiredTakeover,
  lockWaitingConversation,
  markAnnounced,
  markNoticeSent,
  type NewNotice,
  type NoticeKind,
  type ReachablePerson,
  readWaitingStats,
  type WaitingConversation,
  type WaitingStats,
} from './conversations/notice-repository.ts';
export { recordPersonMessage } from './conversations/person-message-repository.ts';
export {
  isPersonNumber,
  listPhoneMessagesAfter,
  lockUntouchedTakeovers,
  type PhoneMessageInput,
  type PhoneMessageRef,
  recordPhoneMessage,
} from './conversations/phone-message-repository.ts';
export {
  dropProgramMessage,
  failProgramMessage,
  type ProgramSend,
  type RecordedProgramMessage,
  recordProgramMessage,
  resolveLostProgramMessages,
} from './conversations/program-message-repository.ts';
export {
  addPlaceholder,
  countUnstoredMessages,
  deleteOldUnstoredMessages,
  deletePlaceholder,
  deleteUnstoredMessage,
  expirePlaceholders,
  listUnstoredMessages,
  lockUnstoredMessage,
  quarantineMessage,
  recordFailedRetry,
  type UnstoredMessageRow,
  type UnstoredStatus,
} from './conversations/unstored-message-repository.ts';

// Jobs, the dead letter and schedules
export { listHeadJobs, type OpenJob, orderKeys } from './jobs/conversation-jobs.ts';
export {
  countDeadJobs,
  type DeadJob,
  type DeadJobFilter,
  type DeadJobPosition,
  findDeadJob,
  groupDeadJobs,
  listDeadJobs,
  listExcessDeadJobs,
  listExpiredDeadJobs,
  purgeDeadJobs,
  readDeadLetterDepth,
  replayDeadJobs,
  selectDeadJobs,
} from './jobs/dead-letter-repository.ts';
export { foldJobCounts, type JobCounts, readJobCounts } from './jobs/job-counts.ts';
export {
  type FailedAttempt,
  failJobs,
  listUnreleased,
  recordFailedAttempt,
} from './jobs/job-failure-repository.ts';
export {
  type JobRef,
  listReleased,
  type ReleasedJob,
  releaseDue,
  releaseLostJobs,
  tryReleaseNext,
} from './jobs/job-release.ts';
export {
  addJob,
  completeJobs,
  findJob,
  type JobMessage,
  type JobRow,
  type NewJob,
  recordChildDeaths,
  recordChildOutlivedWorker,
  recordWorkerDeaths,
} from './jobs/job-repository.ts';
export {
  addMissingJob,
  deleteOldOutbox,
  importDeadLetters,
  listMessagesWithoutJob,
  type OldDeadLetter,
} from './jobs/legacy-job-import.ts';
export {
  claimScheduleRun,
  readSchedules,
  recordScheduleRun,
  type ScheduleRow,
  type ScheduleRun,
} from './jobs/schedule-repository.ts';
export { trackWarning } from './jobs/warning-repository.ts';

// WhatsApp sessions and what they send
export {
  claimAuthState,
  type ClaimedAuthState,
  clearAuthState,
  type KeyWrite,
  readAuthKeys,
  saveCredentials,
  StaleOwner,
  writeAuthKeys,
} from './whatsapp/auth-state-repository.ts';
export {
  claimResend,
  type DueResend,
  hasPendingResends,
  listDueResends,
  makeResendsDue,
  markUndelivered,
  recordDelivery,
  recordRead,
  recordRetryRequest,
} from './whatsapp/delivery-repository.ts';
export {
  findOrInsertSend,
  deleteOldSends,
  deleteSendWithoutMessage,
  findSentText,
  markSendFailed,
  markSendSent,
  moveSend,
  type SendInput,
  type SendRow,
} from './whatsapp/send-repository.ts';
export {
  addSessionChange,
  type NewSessionChange,
  readSessionStats,
  type SessionChange,
  type SessionStats,
} from './whatsapp/session-change-repository.ts';
export { readSessionOverview } from './whatsapp/session-overview.ts';
export {
  createSession,
  deleteSession,
  failSession,
  findSession,
  listRunnableSessions,
  listSessions,
  setSessionAccount,
  setSessionWanted,
  touchSessionInbound,
  type WhatsAppSessionRow,
} from './whatsapp/whatsapp-session-repository.ts';

// Calls
export {
  type CallRow,
  type ListedCall,
  type CallTimelineEntry,
  changeCall,
  findCall,
  findCallerNumbers,
  findRecordingAudio,
  listCalls,
  listOpenCalls,
  type RecordingAudio,
  type RecordingSummary,
} from './calls/call-repository.ts';
export { readCallVersion } from './calls/call-version.ts';
export {
  assignNumber,
  businessOfNumber,
  listNumbers,
  type PhoneNumberRow,
  removeNumber,
} from './calls/phone-number-repository.ts';
export {
  finishRecording,
  listUnfinishedRecordings,
  type RecordingInput,
  type RecordingPart,
  saveRecording,
  saveRecordingPart,
} from './calls/recording-repository.ts';

// Businesses, people, keys and the audit log
export { type AuditEntry, type AuditRow, listAudit, recordAudit } from './people/audit-repository.ts';
export { AuditTrail } from './people/audit-trail.ts';
export {
  type BusinessRow,
  DEFAULT_BUSINESS_ID,
  findBusiness,
  listBusinesses,
  setBusinessProfile,
} from './people/business-repository.ts';
export {
  type ConsoleSession,
  createConsoleSession,
  deleteConsoleSession,
  findConsoleSession,
  touchConsoleSession,
} from './people/console-session-repository.ts';
export {
  type ConfiguredKeys,
  ensureKeys,
  type KeyGeneration,
  readGeneratedKeys,
  startKeyRing,
} from './people/keys.ts';
export {
  changePerson,
  createPerson,
  findPerson,
  listPeople,
  type NewPerson,
  type PeopleScope,
  type PersonChange,
  type PersonRow,
  type PersonWithKey,
  PhoneNumberTaken,
  replaceKey,
  revokePerson,
} from './people/people-repository.ts';

// Questions the agent missed, and what it learned
export {
  addLearnedEntry,
  changeLearnedEntry,
  deleteLearnedEntry,
  findLearnedEntry,
  type LearnedAnswer,
  type LearnedAnswersWatch,
  type LearnedEntryRow,
  listLearnedEntries,
  lockLearnedEntries,
  MAX_LEARNED_ENTRIES,
  MAX_PHRASINGS,
  readLearnedAnswers,
  watchLearnedAnswers,
} from './learning/learned-entry-repository.ts';
export {
  deleteExcessUnanswered,
  findQuestionState,
  listQuestionExamples,
  listQuestionGroups,
  type QuestionExample,
  type QuestionGroup,
  type QuestionState,
  recordUnanswered,
  setQuestionState,
} from './learning/unanswered-question-repository.ts';

// Personal data: export, erasure, retention
export { type ContactData, exportContact } from './personal-data/contact-data.ts';
export { eraseContact, type ErasedCounts } from './personal-data/contact-erasure.ts';
export { streamContactExport } from './personal-data/contact-export.ts';
export { TOKEN_INDEX } from './personal-data/contact-keys.ts';
export {
  deleteEmptyConversations,
  deleteOldAudit,
  deleteOldCalls,
  deleteOldConversationEvents,
  deleteOldMessages,
  deleteOldRecordings,
  withRetentionLock,
} from './personal-data/retention.ts';
