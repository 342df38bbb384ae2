import type { Job, Queue } from 'bullmq';

/** One attempt of a job that failed. */
export interface FailedAttempt {
  attempt: number;
  /** The code and text of the error, never a stack. */
  error: string;
  failed_at: string;
  /** Milliseconds that it ran. */
  ran_ms: number;
  /** The instance of the worker. */
  worker: string;
}

export const ATTEMPTS_KEPT = 20;

/** Written with the job, as lines of its log, and gone with it. A job that succeeds at once costs nothing. */
export async function recordAttempt(job: Job, attempt: FailedAttempt): Promise<void> {
  await job.log(JSON.stringify(attempt));
}

/** The last of them, oldest first. */
export async function readAttempts(queue: Queue, id: string): Promise<FailedAttempt[]> {
  const { logs } = await queue.getJobLogs(id, 0, ATTEMPTS_KEPT - 1, true);
  return logs.flatMap((line) => {
    try {
      return [JSON.parse(line) as FailedAttempt];
    } catch {
      // A line that somebody else logged.
      return [];
    }
  });
}
