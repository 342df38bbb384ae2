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
export { startTrouble } from './troubles.ts';
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
export { readChatMarks } from './chat-marks.ts';
export { readCallMarks } from './call-marks.ts';
export { readSessionMarks } from './session-marks.ts';
export {
  createConsoleSession,
  deleteConsoleSession,
  findConsoleSession,
  touchConsoleSession,
  type ConsoleSession,
} from './console-session-repository.ts';
export {
  hasAnswered,
  hasWritten,
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
  recordOutlived,
  recordWorkerDeaths,
  type JobMessage,
  type JobRow,
  type NewJob,
} from './job-repository.ts';
export {
  listReleased,
  releaseAgain,
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
  answerQuestions,
  listFailedOfCustomers,
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
export { warnedForSeconds } from './warning-repository.ts';
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
  expirePlaces,
  holdPlaceOfMessage,
  listUnstoredMessages,
  lockUnstoredMessage,
  quarantineMessage,
  recordFailedRetry,
  releasePlaceOfMessage,
  type UnstoredMessageRow,
  type UnstoredStatus,
} from './unstored-message-repository.ts';
export {
  beginResend,
  hasOpenResends,
  hastenResends,
  listDueResends,
  markUndelivered,
  recordDelivery,
  recordReading,
  recordRepeatRequest,
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
  type SessionFigures,
  addSessionChange,
  readSessionFigures,
} from './session-change-repository.ts';
export { changeCall, listOpenCalls, type CallMoment, type CallRow } from './call-repository.ts';
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
  isDatabaseAway,
  isDatabaseTrouble,
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
  callerOfConversation,
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
  answerWaitingMessages,
  countNotUnderstood,
  countWaitingMessages,
  dropAgentAnswers,
  dropUnwantedMessage,
  hasUnansweredMessage,
  ignoreWaitingMessages,
  isAnsweredSince,
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
  type WaitingFigures,
  addNotice,
  countOthersWaiting,
  deleteOldNotices,
  findAnsweredNotice,
  findUnsentNotice,
  isOutdatedNotice,
  listDueAnnouncements,
  listLastInbound,
  listOverduePersons,
  listReachablePeople,
  lockOverduePerson,
  lockWaitingConversation,
  markAnnounced,
  markNoticeSent,
  readWaitingFigures,
} from './notice-repository.ts';
export { recordPersonMessage } from './person-message.ts';
export {
  dropProgramMessage,
  failProgramMessage,
  recordProgramMessage,
  settleLostProgramMessages,
  type ProgramSend,
  type RecordedProgramMessage,
} from './program-message.ts';
export { messageIdForKey } from './message-id.ts';
export {
  type PhoneMessageInput,
  type PhoneMessageRef,
  isNumberOfPerson,
  listPhoneMessagesAfter,
  lockTakenOverBy,
  recordPhoneMessage,
} from './phone-message-repository.ts';
export { type ContactData, exportContact } from './contact-data.ts';
export { type Erased, eraseContact } from './contact-erasure.ts';
export { exportText } from './contact-export.ts';
export { TOKEN_INDEX } from './contact-keys.ts';
export {
  deleteEmptyConversations,
  deleteOldAudit,
  deleteOldCalls,
  deleteOldConversationEvents,
  deleteOldMessages,
  deleteOldRecordings,
  inRetentionTurn,
} from './retention.ts';
export {
  addLearnedEntry,
  changeLearnedEntry,
  deleteLearnedEntry,
  findLearnedEntry,
  followLearned,
  listLearnedEntries,
  lockLearnedEntries,
  MOST_ALSO,
  MOST_LEARNED,
  readLearnedAnswers,
  type LearnedAnswer,
  type LearnedEntryRow,
  type LearnedFollower,
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
