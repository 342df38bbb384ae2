/** What is done at its times, by one worker at a time. */
export interface Schedule {
  /** From the beginning of one run to that of the next. */
  everySeconds: number;
  /** One run; its signal aborts then. What is left is the next run's. */
  timeLimitMs: number;
}

export type ScheduleName = 'retention' | 'hand-over' | 'lost-jobs' | 'import-jobs';

export const scheduleTable: Readonly<Record<ScheduleName, Schedule>> = {
  /** Deletes what is older than it is kept. */
  retention: { everySeconds: 3600, timeLimitMs: 300_000 },
  /** Ends the time of people who are silent, and tells people of customers who wait. */
  'hand-over': { everySeconds: 5, timeLimitMs: 30_000 },
  /** Releases again what BullMQ has lost. */
  'lost-jobs': { everySeconds: 10, timeLimitMs: 10_000 },
  /** Takes over the dead letter and the messages that releases before migration 0010 kept in Redis. */
  'import-jobs': { everySeconds: 60, timeLimitMs: 50_000 },
};
