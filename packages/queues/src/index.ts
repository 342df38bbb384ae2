export {
  MessageJob,
  NoticeJob,
  isQueueName,
  queueNames,
  queueTable,
  type QueueDefinition,
  type QueueName,
  type QueuePayloads,
} from './queue-table.ts';
export { scheduleTable, type Schedule, type ScheduleName } from './schedule-table.ts';
export { parseTrace } from './trace.ts';
export { PayloadInvalid, checkPayload } from './payload.ts';
export { QueuesUnavailable, openBull, type BullHandle } from './bull-handle.ts';
export { bullJobId, readRowRef, type JobRowRef } from './bull-job.ts';
export { createRelay, type Relay } from './relay.ts';
export { startReleaser } from './releaser.ts';
export { findLostJobs } from './lost-jobs.ts';
export { inboundJob, noticeJob, outboundJob, type MessageRef } from './new-jobs.ts';
export {
  DeadLetterConfig,
  deadLetterLimits,
  isNearLimit,
  readDeadLetterUsage,
  type DeadLetterUsage,
  type DeadLetterLimits,
} from './dead-letter-limits.ts';
export { JobRunning, openQueueControl, type QueueControl } from './queue-control.ts';
export {
  jobStates,
  openJobReader,
  type JobProgress,
  type JobReader,
  type JobState,
  type JobSummary,
} from './job-reader.ts';
export { publishDatabaseStats, readDatabaseStats, type DatabaseStats } from './database-stats.ts';
export { readQueueTotals, type QueueDepths, type QueueTotals } from './queue-totals.ts';
