import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { queueKey } from './queue-keys.ts';
import { SCHEDULES, type Schedule } from './schedule-table.ts';

/** How a run of a schedule ended. */
export interface ScheduleRun {
  started_at: string;
  ran_ms: number;
  outcome: 'completed' | 'failed';
  /** The code and text of the error; null where there was none. */
  error: string | null;
  /** The instance of the worker. */
  worker: string;
}

export interface ScheduleState {
  name: string;
  pattern: string;
  /** When its next run is due; null while it is not set up. One in the past has not begun. */
  next_run: string | null;
  last_run: ScheduleRun | null;
}

export interface Schedules extends AsyncDisposable {
  /**
   * Brings Redis in line with the table; what is as it should be is left alone, and several replicas at once make one of each. A next
   * run that went missing is planned again. `prune` removes what the table does not have: at start, so that two builds do not
   * undo each other's during an upgrade.
   */
  setUp(options?: { prune?: boolean }): Promise<void>;
  record(name: string, run: ScheduleRun): Promise<void>;
  read(): Promise<ScheduleState[]>;
}

/** Runs that ended, to be looked at in BullMQ's tools. */
const KEPT = { count: 100 };
/** A run that is due for so long and has no job will not come by itself. */
const MISSING_MS = 30_000;

/** Throws `QueuesUnavailable` at once while Redis is away. */
export function openSchedules({
  redis,
  bullPrefix,
  table,
}: {
  redis: Redis;
  bullPrefix: string;
  table: Readonly<Record<string, Schedule>>;
}): Schedules {
  const bull = openBull(redis, bullPrefix);
  const runsKey = queueKey(bullPrefix, SCHEDULES, 'runs');

  const isMissing = async (queue: Queue, name: string, next: number): Promise<boolean> =>
    next < Date.now() - MISSING_MS && (await queue.getJob(`repeat:${name}:${next}`)) === undefined;

  return {
    async setUp({ prune = false } = {}) {
      const queue = await bull.queue(SCHEDULES);
      const found = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
      for (const [name, { pattern }] of Object.entries(table)) {
        const { pattern: known, next = 0 } = found.get(name) ?? {};
        if (known === pattern && !(await isMissing(queue, name, next))) continue;
        await queue.upsertJobScheduler(
          name,
          { pattern, tz: 'UTC' },
          { name, opts: { removeOnComplete: KEPT, removeOnFail: KEPT, stackTraceLimit: 1 } },
        );
      }
      if (!prune) return;
      for (const name of found.keys()) if (!Object.hasOwn(table, name)) await queue.removeJobScheduler(name);
    },

    async record(name, run) {
      await redis.hset(runsKey, name, JSON.stringify(run));
    },

    async read() {
      const queue = await bull.queue(SCHEDULES);
      const [schedulers, runs] = await Promise.all([queue.getJobSchedulers(), redis.hgetall(runsKey)]);
      const due = new Map(schedulers.map(({ key, next }) => [key, next]));
      return Object.entries(table).map(([name, { pattern }]) => {
        const next = due.get(name);
        const run = runs[name];
        return {
          name,
          pattern,
          next_run: next === undefined ? null : new Date(next).toISOString(),
          last_run: run === undefined ? null : (JSON.parse(run) as ScheduleRun),
        };
      });
    },

    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
