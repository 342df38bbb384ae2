import { type CheckDefinition, readHeartbeats } from '@prosaas/observability';
import {
  type DeadLetterFill,
  type DeadLetterLimits,
  type QueueName,
  type QueueTotals,
  type ScheduleState,
  isFilling,
  openSchedules,
  queueNames,
  readDeadLetterFill,
  readQueueTotals,
  scheduleTable,
} from '@prosaas/queues';
import { askRedis } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';

/** A job that could be taken and was not for so long: longer than any restart. */
const STUCK_SECONDS = 300;
/** A run that is due for so long, with workers there, does not come by itself. */
const LATE_MS = 300_000;

export interface QueuesSeen {
  queues: QueueTotals['queues'];
  /** The queues that live workers serve. */
  served: ReadonlySet<string>;
  schedules: readonly Pick<ScheduleState, 'name' | 'next_run' | 'last_run'>[];
  deadLetter: DeadLetterFill;
  nowMs: number;
}

export interface QueuesJudged {
  unserved: QueueName[];
  stuck: QueueName[];
  paused: QueueName[];
  /** Schedules whose next run is overdue, or not planned. */
  late: string[];
  /** Schedules whose last run failed. */
  run_failed: string[];
  /** It will soon lose some, for there being too many or for their age. */
  dead_letter_filling?: DeadLetterFill;
}

const WORST_FIRST = ['unserved', 'stuck', 'dead_letter_filling', 'late', 'run_failed'] as const;

/** A paused queue is neither: somebody wants it so. */
export function judgeQueues({ queues, served, schedules, deadLetter, nowMs }: QueuesSeen): QueuesJudged {
  const those = (is: (name: QueueName) => boolean): QueueName[] => queueNames.filter(is);
  return {
    unserved: those((name) => !queues[name].paused && !served.has(name)),
    stuck: those((name) => !queues[name].paused && queues[name].oldestAgeSeconds > STUCK_SECONDS),
    paused: those((name) => queues[name].paused),
    late: schedules
      .filter(({ next_run: next }) => next === null || Date.parse(next) < nowMs - LATE_MS)
      .map(({ name }) => name),
    run_failed: schedules.filter(({ last_run: run }) => run?.outcome === 'failed').map(({ name }) => name),
    ...(isFilling(deadLetter) && { dead_letter_filling: deadLetter }),
  };
}

/** Every queue has somebody who takes its jobs, they are taken, none is about to be lost, and what is due at its times is done. */
export function queuesCheck({
  redis,
  address,
  bullPrefix,
  heartbeatKey,
  deadLetterLimits,
}: {
  redis: Redis;
  address: string;
  bullPrefix: string;
  heartbeatKey: string;
  deadLetterLimits: DeadLetterLimits;
}): CheckDefinition {
  const schedules = openSchedules({ redis, bullPrefix, table: scheduleTable });
  return {
    name: 'queues',
    componentType: 'component',
    async run(signal) {
      const nowMs = Date.now();
      const [{ queues }, { replicas }, planned, deadLetter] = await askRedis(
        () =>
          Promise.all([
            readQueueTotals(redis, bullPrefix),
            readHeartbeats({ redis, key: heartbeatKey }),
            schedules.read(),
            readDeadLetterFill(redis, bullPrefix, { ...deadLetterLimits, nowMs }),
          ]),
        { redis, address, signal, prefix: 'redis_' },
      );
      const live = replicas.filter(({ state }) => state === 'live');
      const served = new Set(live.flatMap(({ queues: own }) => Object.keys(own)));
      const judged = judgeQueues({ queues, served, schedules: planned, deadLetter, nowMs });
      const isFound = (found: unknown): boolean => !Array.isArray(found) || found.length > 0;
      const facts = Object.fromEntries(Object.entries(judged).filter(([, found]) => isFound(found)));
      const reason = WORST_FIRST.find((name) => Object.hasOwn(facts, name));
      return reason === undefined ? { facts } : { status: 'warn', reason, facts };
    },
  };
}
