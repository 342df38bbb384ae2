import { type CheckDefinition, readHeartbeats } from '@prosaas/observability';
import { type QueueName, type QueueTotals, queueNames, readQueueTotals } from '@prosaas/queues';
import type { Redis } from 'ioredis';
import { askRedis } from './ask-redis.ts';

/** A job that could be taken and was not for so long: longer than any restart. */
const STUCK_SECONDS = 300;

export interface QueuesSeen {
  queues: QueueTotals['queues'];
  /** The queues that live workers serve. */
  served: ReadonlySet<string>;
}

export interface QueuesJudged {
  unserved: QueueName[];
  stuck: QueueName[];
  paused: QueueName[];
}

/** A paused queue is neither: somebody wants it so. */
export function judgeQueues({ queues, served }: QueuesSeen): QueuesJudged {
  const those = (is: (name: QueueName) => boolean): QueueName[] => queueNames.filter(is);
  return {
    unserved: those((name) => !queues[name].paused && !served.has(name)),
    stuck: those((name) => !queues[name].paused && queues[name].oldestAgeSeconds > STUCK_SECONDS),
    paused: those((name) => queues[name].paused),
  };
}

/** Every queue has somebody who takes its jobs, and they are taken. */
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
  return {
    name: 'queues',
    componentType: 'component',
    async run(signal) {
      const [{ queues }, { replicas }] = await askRedis(
        () => Promise.all([readQueueTotals(redis, bullPrefix), readHeartbeats({ redis, key: heartbeatKey })]),
        { redis, address, signal, prefix: 'redis_' },
      );
      const live = replicas.filter(({ state }) => state === 'live');
      const served = new Set(live.flatMap(({ queues: own }) => Object.keys(own)));
      const judged = judgeQueues({ queues, served });
      const facts = Object.fromEntries(Object.entries(judged).filter(([, names]) => names.length > 0));
      if (judged.unserved.length > 0) return { status: 'warn', reason: 'unserved', facts };
      if (judged.stuck.length > 0) return { status: 'warn', reason: 'stuck', facts };
      return { facts };
    },
  };
}
