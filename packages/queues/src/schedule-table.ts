/** What is done at its times, once for all replicas. */
export interface Schedule {
  /** Cron, in UTC: minute, hour, day of month, month, day of week; a sixth field in front is the second. */
  pattern: string;
  /** One run; its signal aborts then. What is left is the next run's. */
  timeLimitMs: number;
}

export type ScheduleName = 'retention' | 'lost-jobs';

/** Runs of one schedule do not overlap: each is over before the next is due. */
export const scheduleTable: Readonly<Record<ScheduleName, Schedule>> = {
  /** Deletes what is older than it is kept. */
  retention: { pattern: '7 * * * *', timeLimitMs: 300_000 },
  /** Enqueues again what lost its job. */
  'lost-jobs': { pattern: '* * * * *', timeLimitMs: 50_000 },
};

/** The queue that their runs go through: none of the business queues, and not counted among them. */
export const SCHEDULES = 'schedules';
