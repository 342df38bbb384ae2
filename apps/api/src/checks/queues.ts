import { type CheckDefinition, readHeartbeats } from '@prosaas/observability';
import {
  type QueueName,
  type QueueTotals,
  type ScheduleState,
  openSchedules,
  queueNames,
  readQueueTotals,
  scheduleTable,
} from '@prosaas/queues';
import type { Redis } from 'ioredis';
import { askRedis } from './ask-redis.ts';

/** A job that could be taken and was not for so long: longer than any restart. */
const STUCK_SECONDS = 300;
/** A run that is due for so long, with workers there, does not come by itself. */
const LATE_MS = 300_000;

export interface QueuesSeen {
  queues: QueueTotals['queues'];
  /** The queues that live workers serve. */
  served: ReadonlySet<string>;
  schedules: readonly Pick<ScheduleState, 'name' | 'next_run' | 'last_run'>[];
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
}

const WORST_FIRST = ['unserved', 'stuck', 'late', 'run_failed'] as const;

/** A paused queue is neither: somebody wants it so. */
export function judgeQueues({ queues, served, schedules, nowMs }: QueuesSeen): QueuesJudged {
  const those = (is: (name: QueueName) => boolean): QueueName[] => queueNames.filter(is);
  return {
    unserved: those((name) => !queues[name].paused && !served.has(name)),
    stuck: those((name) => !queues[name].paused && queues[name].oldestAgeSeconds > STUCK_SECONDS),
    paused: those((name) => queues[name].paused),
    late: schedules
      .filter(({ next_run: next }) => next === null || Date.parse(next) < nowMs - LATE_MS)
      .map(({ name }) => name),
    run_failed: schedules.filter(({ last_run: run }) => run?.outcome === 'failed').map(({ name }) => name),
  };
}

/** Every queue has somebody who takes its jobs, they are taken, and what is due at its times is done. */
export function queuesCheck({
  redis,
  address,
  bullPrefix,
  heartbeatKey,
}: {
  redis: Redis;
  address: string;
  bullPrefix: string;
  heartbeatKey: string;
}): CheckDefinition {
  const schedules = openSchedules({ redis, bullPrefix, table: scheduleTable });
  return {
    name: 'queues',
    componentType: 'component',
    async run(signal) {
      const [{ queues }, { replicas }, planned] = await askRedis(
        () =>
          Promise.all([
            readQueueTotals(redis, bullPrefix),
            readHeartbeats({ redis, key: heartbeatKey }),
            schedules.read(),
          ]),
        { redis, address, signal, prefix: 'redis_' },
      );
      const live = replicas.filter(({ state }) => state === 'live');
      const served = new Set(live.flatMap(({ queues: own }) => Object.keys(own)));
      const judged = judgeQueues({ queues, served, schedules: planned, nowMs: Date.now() });
      const facts = Object.fromEntries(Object.entries(judged).filter(([, names]) => names.length > 0));
      const reason = WORST_FIRST.find((name) => judged[name].length > 0);
      return reason === undefined ? { facts } : { status: 'warn', reason, facts };
    },
  };
}
