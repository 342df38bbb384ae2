import type { OpenJob } from '@prosaas/database';
import type { JobProgress } from '@prosaas/queues';

export type HeadJobState =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'retrying'
  | 'delayed'
  | 'pending'
  | 'lost'
  | 'unknown';

export interface HeadJobStatus {
  state: HeadJobState;
  /** A sentence for people. */
  reason: string;
  /** Time of the next attempt, if it is scheduled. */
  nextTry: Date | null;
}

/**
 * Why the first of a conversation's jobs in one queue is not done yet.
 *
 * @param progress the job's state in BullMQ; undefined while Redis is away
 */
export function explainJob(job: OpenJob, progress: JobProgress | undefined): HeadJobStatus {
  const nextTry = progress?.nextTry ?? null;
  if (!job.is_released) {
    return job.is_delayed
      ? { state: 'delayed', reason: 'It is not due yet.', nextTry: job.run_at }
      : {
          state: 'pending',
          reason: 'It is next: a worker takes it up within a second.',
          nextTry: null,
        };
  }
  if (progress === undefined) {
    return {
      state: 'unknown',
      reason: 'Redis is not reachable, so no worker can take it.',
      nextTry,
    };
  }
  if (progress.state === 'active') return { state: 'running', reason: runningReason(job), nextTry };
  if (progress.isPaused) return { state: 'paused', reason: 'Its queue is paused.', nextTry };
  if (progress.state === 'delayed') return { state: 'retrying', reason: retryingReason(job), nextTry };
  if (progress.state === 'waiting') {
    return { state: 'waiting', reason: 'It waits for a free slot of a worker.', nextTry };
  }
  return { state: 'lost', reason: 'BullMQ does not have it: it is released again within 30 s.', nextTry };
}

const runningReason = ({ worker_deaths: deaths }: OpenJob): string =>
  deaths === 0
    ? 'A worker runs it.'
    : `A worker runs it. Workers that died while they ran it before: ${deaths}.`;

const retryingReason = ({ attempts }: OpenJob): string =>
  attempts === 0
    ? 'Something that it needs is not available: it is tried again, and no attempt is used up.'
    : `Attempt ${attempts} failed; it is tried again.`;
