import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/** What an operator does to a queue. It is kept in Redis, and so outlives every process. */
export interface QueueControl extends AsyncDisposable {
  /** No job is taken from now on; those that run finish. */
  pause(queue: QueueName): Promise<void>;
  resume(queue: QueueName): Promise<void>;
  /** What waits or is delayed fails with the reason `DRAINED` and goes to the dead letter, from where it can be replayed. Returns how many. */
  drain(queue: QueueName): Promise<number>;
}

const BATCH = 500;

/** Throws `QueuesUnavailable` at once while Redis is away. */
export function openQueueControl({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): QueueControl {
  const bull = openBull(redis, bullPrefix);

  const drainBatch = async (queue: QueueName): Promise<number> => {
    // Fails as every other call does while Redis is away.
    await bull.queue(queue);
    const types = ['wait', 'prioritized', 'delayed', 'failed', 'metrics:failed', ''];
    const keys = types.map((type) => queueKey(bullPrefix, queue, type));
    return bull.run('drain', [...keys, 'DRAINED: the queue was emptied', String(Date.now()), String(BATCH)]);
  };

  return {
    async pause(queue) {
      await (await bull.queue(queue)).pause();
    },
    async resume(queue) {
      await (await bull.queue(queue)).resume();
    },
    async drain(queue) {
      let drained = 0;
      for (;;) {
        const batch = await drainBatch(queue);
        drained += batch;
        if (batch < BATCH) return drained;
      }
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
