import type { BegunWork, QueueName } from '@prosaas/queues';
import type { Job } from 'bullmq';
import { LineFull } from './keyed-mutex.ts';
import { Suspected } from './verdict.ts';
import type { Around } from './work-off.ts';

/**
 * A job under which workers died, or stood still, so often is set apart: it may be the cause, and has a process of its own from
 * then on. How often alone says nothing: a worker that is killed from outside takes twenty innocent jobs with it.
 */
const SUSPECT_AFTER = 2;

/** Of a job that stalled. A worker that died over its message in the name of another job counts, too. */
export async function isSuspect(begunWork: BegunWork, queue: QueueName, job: Job): Promise<boolean> {
  const { id = '', stalledCounter } = job;
  return stalledCounter >= SUSPECT_AFTER || begunWork.isNoted(queue, id);
}

/** A message that is another job's is noted while it is worked on, so that what comes of it is held against the right one. */
export function inPlaceOf(
  begunWork: BegunWork,
  queue: QueueName,
  { by, token }: { by: string; token: string },
): Around {
  return async (messageId, step) => {
    if (messageId === by) return step();
    try {
      // Also where it is not heard of in time that it has begun.
      const outcome = await begunWork.begin(queue, { job: messageId, by, token });
      if (outcome === 'busy') throw new LineFull('another worker is at the message');
      if (outcome === 'suspect') throw new Suspected('a worker may have died over the message');
      return await step();
    } finally {
      // Where that fails the message may have to go to a sandbox: slower, and not wrong.
      void begunWork.takeBack(queue, { job: messageId, who: token }).catch(() => {});
    }
  };
}
