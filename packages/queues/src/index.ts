export {
  DEAD_LETTER,
  MessageJob,
  isQueueName,
  queueNames,
  queueTable,
  type QueueDefinition,
  type QueueName,
  type QueuePayloads,
} from './queue-table.ts';
export { SCHEDULES, scheduleTable, type Schedule, type ScheduleName } from './schedule-table.ts';
export { openSchedules, type ScheduleRun, type ScheduleState, type Schedules } from './schedules.ts';
export { recordAttempt, type FailedAttempt } from './attempts.ts';
export { openEnvelope, parseTrace, type Envelope } from './envelope.ts';
export { PayloadInvalid, checkPayload } from './payload.ts';
export { QueuesUnavailable } from './bull-handle.ts';
export { createProducer, type Enqueue, type Enqueued, type Producer, type UncheckedJob } from './producer.ts';
export { startOutboxRelay, type OutboxRelay } from './outbox-relay.ts';
export {
  createDeadLetterMover,
  type DeadLetter,
  type DeadLetterMover,
  type KeptLetter,
} from './dead-letter.ts';
export {
  businessOfLetter,
  matchesFilter,
  openDeadLetters,
  type DeadLetters,
  type LetterFilter,
} from './dead-letters.ts';
export {
  DeadLetterConfig,
  deadLetterLimits,
  isFilling,
  pastLimitSince,
  readDeadLetterFill,
  type DeadLetterFill,
  type DeadLetterLimits,
} from './dead-letter-limits.ts';
export { openQueueObjects, type QueueObjects } from './queue-objects.ts';
export { TurnMissed, createPace, type Pace } from './pace.ts';
export { openBegunWork, type BegunWork } from './begun-work.ts';
export { openQueueControl, type QueueControl } from './queue-control.ts';
export { findOpenJobs } from './open-jobs.ts';
export { jobStates, openJobReader, type JobReader, type JobState, type JobSummary } from './job-reader.ts';
export { readQueueTotals, type QueueDepths, type QueueTotals } from './queue-totals.ts';
