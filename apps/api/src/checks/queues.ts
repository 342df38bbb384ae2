import { type Queryable, type ScheduleRow, hasTable, readSchedules } from '@prosaas/database';
import { type CheckDefinition, CheckFailure, readHeartbeats } from '@prosaas/observability';
import {
  type DeadLetterUsage,
  type DeadLetterLimits,
  type QueueName,
  type QueueTotals,
  isNearLimit,
  queueNames,
  readDeadLetterUsage,
  scheduleTable,
} from '@prosaas/queues';
import { queryDatabase, queryRedis } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';

/** A job that could be taken and was not for so long: longer than any restart. */
const STUCK_SECONDS = 300;

/** A schedule that is due every few seconds is not late while its worker is started anew. */
const LATE_SECONDS = 20;

export interface QueuesSeen {
  queues: QueueTotals['queues'];
  /** The queues that live workers serve. */
  served: ReadonlySet<string>;
  /** What is to be done at its times, and how it has gone. */
  schedules: Readonly<Record<string, { everySeconds: number }>>;
  runs: readonly Pick<ScheduleRow, 'name' | 'age_seconds' | 'last_run'>[];
  /** How long this check has been running: the age of a schedule that has never run. */
  lookedSeconds: number;
  deadLetter: DeadLetterUsage;
}

export interface QueuesJudged {
  unserved: QueueName[];
  stuck: QueueName[];
  paused: QueueName[];
  /** Schedules that have not run for twice their interval, and for 20 s. */
  late: string[];
  /** Schedules whose last run failed. */
  run_failed: string[];
  /** It will soon lose some, for there being too many or for their age. */
  dead_letter_filling?: DeadLetterUsage;
}

const WORST_FIRST = ['unserved', 'stuck', 'dead_letter_filling', 'late', 'run_failed'] as const;

/** A paused queue is neither: somebody wants it so. */
export function judgeQueues({
  queues,
  served,
  schedules,
  runs,
  lookedSeconds,
  deadLetter,
}: QueuesSeen): QueuesJudged {
  const those = (is: (name: QueueName) => boolean): QueueName[] => queueNames.filter(is);
  const known = new Map(runs.map((run) => [run.name, run]));
  const names = Object.keys(schedules);
  return {
    unserved: those((name) => !queues[name].paused && !served.has(name)),
    stuck: those((name) => !queues[name].paused && queues[name].oldestAgeSeconds > STUCK_SECONDS),
    paused: those((name) => queues[name].paused),
    late: names.filter(
      (name) =>
        (known.get(name)?.age_seconds ?? lookedSeconds) >
        Math.max(LATE_SECONDS, 2 * schedules[name]!.everySeconds),
    ),
    run_failed: names.filter((name) => known.get(name)?.last_run?.outcome === 'failed'),
    ...(isNearLimit(deadLetter) && { dead_letter_filling: deadLetter }),
  };
}

/** Every queue has somebody who takes its jobs, they are taken, none is about to be lost, and what is due at its times is done. */
export function queuesCheck({
  db,
  redis,
  address,
  readTotals,
  heartbeatKey,
  deadLetterLimits,
}: {
  db: Queryable;
  redis: Redis;
  address: string;
  readTotals: () => Promise<QueueTotals>;
  heartbeatKey: string;
  deadLetterLimits: DeadLetterLimits;
}): CheckDefinition {
  const lookedSince = performance.now();
  let isMigrated = false;
  return {
    name: 'queues',
    componentType: 'component',
    async run(signal) {
      const [[{ queues }, { replicas }], rows] = await Promise.all([
        queryRedis(() => Promise.all([readTotals(), readHeartbeats({ redis, key: heartbeatKey })]), {
          redis,
          address,
          signal,
          prefix: 'redis_',
        }),
        queryDatabase(
          async () => {
            isMigrated ||= await hasTable(db, 'jobs');
            return isMigrated
              ? Promise.all([readSchedules(db), readDeadLetterUsage(db, deadLetterLimits)])
              : undefined;
          },
          { prefix: 'database_' },
        ),
      ]);
      if (rows === undefined) throw new CheckFailure('pending_migrations');
      const [runs, deadLetter] = rows;
      const live = replicas.filter(({ state }) => state === 'live');
      const served = new Set(live.flatMap(({ queues: own }) => Object.keys(own)));
      const lookedSeconds = (performance.now() - lookedSince) / 1000;
      const seen = { queues, served, schedules: scheduleTable, runs, lookedSeconds, deadLetter };
      const judged = judgeQueues(seen);
      const isFound = (found: unknown): boolean => !Array.isArray(found) || found.length > 0;
      const facts = Object.fromEntries(Object.entries(judged).filter(([, found]) => isFound(found)));
      const reason = WORST_FIRST.find((name) => Object.hasOwn(facts, name));
      return reason === undefined ? { facts } : { status: 'warn', reason, facts };
    },
  };
}
