import { AppError } from '@prosaas/runtime';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** Redis is not reachable. The same call can succeed later. */
export class QueuesUnavailable extends AppError {
  override code = 'QUEUES_UNAVAILABLE';
  override status = 503;
  override retryable = true;
}

export interface BullHandle extends AsyncDisposable {
  /** Throws `QueuesUnavailable` at once while Redis is away. */
  queue(name: string): Promise<Queue>;
}

/** Shares one Redis connection between BullMQ's `Queue` objects. The caller closes the connection. */
export function openBull(redis: Redis, bullPrefix: string): BullHandle {
  const queues = new Map<string, Queue>();
  return {
    async queue(name) {
      if (redis.status !== 'ready') throw new QueuesUnavailable('Redis is not reachable');
      let found = queues.get(name);
      if (!found) {
        found = new Queue(name, { connection: redis, prefix: bullPrefix, skipMetasUpdate: true });
        // The owner of the connection logs its errors.
        found.on('error', () => {});
        queues.set(name, found);
      }
      try {
        await found.waitUntilReady();
        return found;
      } catch (cause) {
        // A Queue whose first commands failed never recovers: the next call creates another one.
        if (queues.get(name) === found) queues.delete(name);
        void found.close().catch(() => {});
        throw new QueuesUnavailable('Redis went away', { cause });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...queues.values()].map((open) => open.close()));
      queues.clear();
    },
  };
}
