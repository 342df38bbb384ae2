import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { QueuesUnavailable, openBull } from './bull-handle.ts';
import { queueNames } from './queue-table.ts';

/** BullMQ's own objects, for a tool that is made for these. */
export interface QueueObjects extends AsyncDisposable {
  /**
   * Hands all queues to `work`; they are the same ones each time. Throws `QueuesUnavailable` while Redis
   * is away, and instead of the error of a `work` that failed because Redis went.
   */
  use<T>(work: (queues: readonly Queue[]) => Promise<T>): Promise<T>;
}

export function openQueueObjects({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): QueueObjects {
  const bull = openBull(redis, bullPrefix);
  const answers = (): Promise<boolean> =>
    redis.ping().then(
      () => true,
      () => false,
    );
  return {
    async use(work) {
      const queues = await Promise.all(queueNames.map((name) => bull.queue(name)));
      try {
        return await work(queues);
      } catch (cause) {
        // A tool wraps errors as it likes: whether it was Redis is asked there.
        if (await answers()) throw cause;
        throw new QueuesUnavailable('Redis went away', { cause });
      }
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
