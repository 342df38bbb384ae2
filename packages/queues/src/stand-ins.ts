import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/** Jobs that do what other jobs of their queue are there for: a worker that dies of it is held against the right one. */
export interface StandIns {
  /**
   * `busy`: another worker is at it, or it failed and is tried again at its time. `suspect`: a worker died over it or stood still, or did when a job stood in for it. Otherwise
   * `by`, which holds its lock by `token`, stands in for `job` until `end`.
   */
  begin(
    queue: QueueName,
    standIn: { job: string; by: string; token: string },
  ): Promise<'begun' | 'busy' | 'suspect'>;
  end(queue: QueueName, job: string): Promise<void>;
  /** One began and did not end: it is at it, or it died. */
  isBegun(queue: QueueName, job: string): Promise<boolean>;
}

const OUTCOMES = ['begun', 'busy', 'suspect'] as const;

/** Throws `QueuesUnavailable` while Redis is away. */
export function openStandIns({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): StandIns {
  const bull = openBull(redis, bullPrefix);
  return {
    async begin(queue, { job, by, token }) {
      const keys = [job, 'active', 'delayed', ''].map((type) => queueKey(bullPrefix, queue, type));
      // A token is the worker's id and a number.
      const worker = token.slice(0, token.lastIndexOf(':'));
      return OUTCOMES[await bull.run('standIn', [...keys, job, by, worker])]!;
    },
    async end(queue, job) {
      await bull.run('hdel', [queueKey(bullPrefix, queue, job), 'stand_in']);
    },
    async isBegun(queue, job) {
      return (await bull.run('hexists', [queueKey(bullPrefix, queue, job), 'stand_in'])) === 1;
    },
  };
}
