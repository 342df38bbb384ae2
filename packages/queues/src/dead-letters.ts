import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { DEAD_LETTER } from './queue-table.ts';

/** What becomes too old for anybody to look at. Nothing is counted: the counts tell what was moved there. */
export interface DeadLetters extends AsyncDisposable {
  /** Ids of letters that were moved there before `before`, oldest first. */
  listExpired(options: { before: Date; limit: number }): Promise<string[]>;
  /** Those that are gone already are passed over. */
  drop(ids: readonly string[]): Promise<void>;
}

/** Throws `QueuesUnavailable` at once while Redis is away. */
export function openDeadLetters({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): DeadLetters {
  const bull = openBull(redis, bullPrefix);
  return {
    async listExpired({ before, limit }) {
      const queue = await bull.queue(DEAD_LETTER);
      const oldest = await queue.getJobs(['waiting'], 0, limit - 1, true);
      return oldest.flatMap((job) =>
        job.id !== undefined && job.timestamp < before.getTime() ? [job.id] : [],
      );
    },
    async drop(ids) {
      const queue = await bull.queue(DEAD_LETTER);
      await Promise.all(ids.map((id) => queue.remove(id)));
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
