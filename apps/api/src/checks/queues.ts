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

/** How long a job may wait without being started. Longer than any restart takes. */
const STUCK_SECONDS = 300;

/** A schedule is not late sooner, so that one with a short interval survives the restart of a worker. */
const LATE_SECONDS = 20;

export interface QueueObservations {
  queues: QueueTotals['queues'];
  /** Queues that live workers consume. */
  served: ReadonlySet<string>;
  /** The schedules, and their runs so far. */
  schedules: Readonly<Record<string, { everySeconds: number }>>;
  runs: readonly Pick<ScheduleRow, 'name' | 'age_seconds' | 'last_run'>[];
  /** How long this check has been running. Counts as the age of a schedule that has never run. */
  observedSeconds: number;
  deadLetter: DeadLetterUsage;
}

export interface QueueFindings {
  unserved: QueueName[];
  stuck: QueueName[];
  paused: QueueName[];
  /** Schedules that have not run for twice their interval, and for at least 20 s. */
  late: string[];
  /** Schedules whose last run failed. */
  run_failed: string[];
  /** Set if the dead letter will soon drop jobs, because there are too many or they are too old. */
  dead_letter_filling?: DeadLetterUsage;
}

const WORST_FIRST = ['unserved', 'stuck', 'dead_letter_filling', 'late', 'run_failed'] as const;

/** A paused queue counts neither as unserved nor as stuck: somebody paused it on purpose. */
export function evaluateQueues({
  queues,
  served,
  schedules,
  runs,
  observedSeconds,
  deadLetter,
}: QueueObservations): QueueFindings {
  const runsByName = new Map(runs.map((run) => [run.name, run]));
  const names = Object.keys(schedules);
  return {
    unserved: queueNames.filter((name) => !queues[name].paused && !served.has(name)),
    stuck: queueNames.filter((name) => !queues[name].paused && queues[name].oldestAgeSeconds > STUCK_SECONDS),
    paused: queueNames.filter((name) => queues[name].paused),
    late: names.filter(
      (name) =>
        (runsByName.get(name)?.age_seconds ?? observedSeconds) >
        Math.max(LATE_SECONDS, 2 * schedules[name]!.everySeconds),
    ),
    run_failed: names.filter((name) => runsByName.get(name)?.last_run?.outcome === 'failed'),
    ...(isNearLimit(deadLetter) && { dead_letter_filling: deadLetter }),
  };
}

/** Warns if a queue has no consumer, jobs are not started, the dead letter is about to drop jobs, or a schedule is late or failed. */
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
  const startedAt = performance.now();
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
      const observedSeconds = (performance.now() - startedAt) / 1000;
      const findings = evaluateQueues({
        queues,
        served,
        schedules: scheduleTable,
        runs,
        observedSeconds,
        deadLetter,
      });
      const isFinding = (value: unknown): boolean => !Array.isArray(value) || value.length > 0;
      const facts = Object.fromEntries(Object.entries(findings).filter(([, value]) => isFinding(value)));
      const reason = WORST_FIRST.find((name) => Object.hasOwn(facts, name));
      return reason === undefined ? { facts } : { status: 'warn', reason, facts };
    },
  };
}
