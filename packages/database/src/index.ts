export { createDatabase, type Database, type DatabaseOptions, type Queryable } from './database.ts';
export {
  type ConfiguredKeys,
  type KeyGeneration,
  ensureKeys,
  readGeneratedKeys,
  startKeyRing,
} from './keys.ts';
export { MigrationBlocked, type MigrateOptions, migrate } from './migrate.ts';
export { type Blocker } from './migration-blockers.ts';
export { type MigrationStatus, migrationStatus } from './migrations.ts';
export { createDatabaseProbe, type DatabaseProbe, type SchemaReport } from './probe.ts';
export { databasePreparationLog } from './database-outages.ts';
export { schemaDrift } from './schema-drift.ts';
export { countConnections, countConversationsByState } from './system-counts.ts';
export { type WriteFailure, WriteFailures, isWriteOutage } from './write-failures.ts';
export { hasTable } from './tables.ts';
export { StackConflict, type StackStore, checkStack } from './stack.ts';
export {
  DEFAULT_BUSINESS_ID,
  findBusiness,
  setBusinessProfile,
  type BusinessRow,
} from './business-repository.ts';
export { databaseTime } from './time.ts';
export {
  changePerson,
  createPerson,
  findPerson,
  listPeople,
  PhoneNumberTaken,
  replaceKey,
  revokePerson,
  type NewPerson,
  type PeopleScope,
  type PersonChange,
  type PersonRow,
  type PersonWithKey,
} from './people-repository.ts';
export { readChatVersion } from './chat-marks.ts';
export { readCallVersion } from './call-marks.ts';
export { readSessionOverview } from './session-marks.ts';
export {
  createConsoleSession,
  deleteConsoleSession,
  findConsoleSession,
  touchConsoleSession,
  type ConsoleSession,
} from './console-session-repository.ts';
export {
  hasRecentAnswers,
  hasInboundMessage,
  lockConversation,
  markOptedIn,
  markOptedOut,
  openConversation,
  type ContactInput,
  type ConversationRow,
  type ConversationState,
  conversationStates,
} from './conversation-repository.ts';
export {
  closeMessage,
  closeMessages,
  findMessageById,
  insertReply,
  listHistory,
  recordInbound,
  type AnswerMatch,
  type InboundInput,
  type MessageAuthor,
  type MessageEnd,
  type MessageKind,
  type MessageRow,
  type MessageStatus,
} from './message-repository.ts';
export {
  addJob,
  closeJobs,
  findJob,
  recordChildDeaths,
  recordChildOutlivedWorker,
  recordWorkerDeaths,
  type JobMessage,
  type JobRow,
  type NewJob,
} from './job-repository.ts';
export {
  listReleased,
  releaseLostJobs,
  releaseDue,
  releaseNext,
  type JobRef,
  type ReleasedJob,
} from './job-release.ts';
export {
  failJobs,
  listUnreleased,
  recordFailedAttempt,
  type FailedAttempt,
} from './job-failure-repository.ts';
export {
  markQuestionsAnswered,
  listFailedCustomerMessages,
  lockConversationsOfJobs,
  reopenQuestions,
  type Question,
} from './question-repository.ts';
export {
  countDeadJobs,
  findDeadJob,
  groupDeadJobs,
  listDeadJobs,
  listExcessDeadJobs,
  listExpiredDeadJobs,
  purgeDeadJobs,
  readDeadLetterDepth,
  replayDeadJobs,
  selectDeadJobs,
  type DeadJob,
  type DeadJobFilter,
  type DeadJobPosition,
} from './dead-letter-repository.ts';
export { listHeadJobs, orderKeys, type OpenJob } from './conversation-jobs.ts';
export { foldJobCounts, readJobCounts, type JobCounts } from './job-counts.ts';
export {
  addMissingJob,
  deleteOldOutbox,
  importDeadLetters,
  listMessagesWithoutJob,
  type OldDeadLetter,
} from './import-repository.ts';
export {
  claimScheduleRun,
  readSchedules,
  recordScheduleRun,
  type ScheduleRow,
  type ScheduleRun,
} from './schedule-repository.ts';
export { trackWarning } from './warning-repository.ts';
export {
  StaleOwner,
  claimAuthState,
  clearAuthState,
  readAuthKeys,
  saveCredentials,
  writeAuthKeys,
  type ClaimedAuthState,
  type KeyWrite,
} from './auth-state-repository.ts';
export {
  countUnstoredMessages,
  deleteOldUnstoredMessages,
  deleteUnstoredMessage,
  expirePlaceholders,
  addPlaceholder,
  listUnstoredMessages,
  lockUnstoredMessage,
  quarantineMessage,
  recordFailedRetry,
  deletePlaceholder,
  type UnstoredMessageRow,
  type UnstoredStatus,
} from './unstored-message-repository.ts';
export {
  claimResend,
  hasPendingResends,
  makeResendsDue,
  listDueResends,
  markUndelivered,
  recordDelivery,
  recordRead,
  recordRetryRequest,
  type DueResend,
} from './delivery-repository.ts';
export {
  claimSend,
  deleteOldSends,
  deleteSendWithoutMessage,
  findSentText,
  markSendFailed,
  markSendSent,
  moveSend,
  type SendInput,
  type SendRow,
} from './send-repository.ts';
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
} from './whatsapp-session-repository.ts';
export {
  type NewSessionChange,
  type SessionChange,
  type SessionStats,
  addSessionChange,
  readSessionStats,
} from './session-change-repository.ts';
export { changeCall, listOpenCalls, type CallTimelineEntry, type CallRow } from './call-repository.ts';
export {
  assignNumber,
  businessOfNumber,
  listNumbers,
  removeNumber,
  type PhoneNumberRow,
} from './phone-number-repository.ts';
export {
  type RecordingInput,
  type RecordingPart,
  finishRecording,
  listUnfinishedRecordings,
  saveRecording,
  saveRecordingPart,
} from './recording-repository.ts';
export {
  type DatabaseErrorClass,
  type DatabaseErrorKind,
  classifyDatabaseError,
  isDatabaseOutage,
  isRetryableDatabaseError,
} from './database-error.ts';
export { AuditTrail } from './audit-trail.ts';
export { DeferredWrites } from './deferred-writes.ts';
export { type AuditEntry, type AuditRow, listAudit, recordAudit } from './audit-repository.ts';
export { listBusinesses } from './business-listing.ts';
export {
  type CallSummary,
  type RecordingAudio,
  type RecordingSummary,
  findCall,
  findRecordingAudio,
  findCallerNumbers,
  listCalls,
} from './call-listing.ts';
export {
  type ConversationCounts,
  type ConversationSummary,
  countConversations,
  findConversation,
  listConversations,
  listConversationsByNeed,
} from './conversation-listing.ts';
export { type MessageSummary, findMessage, listMessages } from './message-listing.ts';
export {
  type ConversationEventRow,
  type EventActor,
  type NewConversationEvent,
  type StateChange,
  addConversationEvent,
  markWaitingMessagesAnswered,
  setNotUnderstoodCount,
  countWaitingMessages,
  cancelAgentAnswers,
  cancelOptedOutMessage,
  hasUnansweredMessage,
  markWaitingMessagesIgnored,
  hasPersonAnsweredSince,
  listConversationEvents,
  markConversationRead,
  setConversationState,
} from './conversation-state-repository.ts';
export {
  type AnsweredNotice,
  type DueAnnouncements,
  type EmailNotice,
  type NewNotice,
  type NoticeKind,
  type ReachablePerson,
  type WaitingConversation,
  type WaitingStats,
  addNotice,
  countOthersWaiting,
  deleteOldNotices,
  findAnsweredNotice,
  findUnsentNotice,
  isOutdatedNotice,
  listDueAnnouncements,
  listLastInbound,
  listExpiredTakeovers,
  listReachablePeople,
  lockExpiredTakeover,
  lockWaitingConversation,
  markAnnounced,
  markNoticeSent,
  readWaitingStats,
} from './notice-repository.ts';
export { recordPersonMessage } from './person-message.ts';
export {
  dropProgramMessage,
  failProgramMessage,
  recordProgramMessage,
  resolveLostProgramMessages,
  type ProgramSend,
  type RecordedProgramMessage,
} from './program-message.ts';
export { messageIdForKey } from './message-id.ts';
export {
  type PhoneMessageInput,
  type PhoneMessageRef,
  isPersonNumber,
  listPhoneMessagesAfter,
  lockUntouchedTakeovers,
  recordPhoneMessage,
} from './phone-message-repository.ts';
export { type ContactData, exportContact } from './contact-data.ts';
export { type ErasedCounts, eraseContact } from './contact-erasure.ts';
export { streamContactExport } from './contact-export.ts';
export { TOKEN_INDEX } from './contact-keys.ts';
export {
  deleteEmptyConversations,
  deleteOldAudit,
  deleteOldCalls,
  deleteOldConversationEvents,
  deleteOldMessages,
  deleteOldRecordings,
  withRetentionLock,
} from './retention.ts';
export {
  addLearnedEntry,
  changeLearnedEntry,
  deleteLearnedEntry,
  findLearnedEntry,
  watchLearnedAnswers,
  listLearnedEntries,
  lockLearnedEntries,
  MAX_PHRASINGS,
  MAX_LEARNED_ENTRIES,
  readLearnedAnswers,
  type LearnedAnswer,
  type LearnedEntryRow,
  type LearnedAnswersWatch,
} from './learned-entry-repository.ts';
export {
  deleteExcessUnanswered,
  findQuestionState,
  listQuestionExamples,
  listQuestionGroups,
  recordUnanswered,
  resolveQuestions,
  type QuestionExample,
  type QuestionGroup,
  type QuestionState,
} from './unanswered-question-repository.ts';
