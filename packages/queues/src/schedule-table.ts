/** A task that runs periodically, on one worker at a time. */
export interface Schedule {
  /** From the start of one run to the start of the next. */
  everySeconds: number;
  /** Time limit of one run, after which its signal aborts. The next run does the rest. */
  timeLimitMs: number;
}

export type ScheduleName = 'retention' | 'hand-over' | 'lost-jobs' | 'import-jobs';

export const scheduleTable: Readonly<Record<ScheduleName, Schedule>> = {
  /** Deletes data past its retention time. */
  retention: { everySeconds: 3600, timeLimitMs: 300_000 },
  /** Takes conversations back from people who are silent, and notifies people of customers who wait. */
  'hand-over': { everySeconds: 5, timeLimitMs: 30_000 },
  /** Releases jobs again that BullMQ has lost. */
  'lost-jobs': { everySeconds: 10, timeLimitMs: 10_000 },
  /** Imports the dead letter and the jobs that versions before migration 0010 kept in Redis. */
  'import-jobs': { everySeconds: 60, timeLimitMs: 50_000 },
};
