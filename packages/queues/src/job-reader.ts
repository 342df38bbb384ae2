import type { JobRef } from '@prosaas/database';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { bullJobId } from './bull-job.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';
import { readTrace } from './trace.ts';

export type JobState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed';
export const jobStates: readonly JobState[] = ['waiting', 'active', 'delayed', 'completed', 'failed'];

export interface JobSummary {
  id: string;
  queue: string;
  state: JobState | 'unknown';
  payload: unknown;
  /** Why it failed permanently. */
  error: string | null;
  /** W3C `traceparent`; empty if there is none. */
  trace: string;
  created_at: string;
  /** Start of the last attempt. */
  started_at: string | null;
  finished_at: string | null;
  /** Instance id of the worker that runs it, or ran it last. */
  worker: string | null;
}

/** The state of a released job in BullMQ. */
export interface JobProgress {
  /** `unknown`: BullMQ does not have the job. */
  state: JobState | 'unknown';
  /** When a delayed job is due. */
  nextTry: Date | null;
  /** Whether the job's queue is paused. */
  isPaused: boolean;
}

export interface JobReader extends AsyncDisposable {
  /**
   * Newest first. `offset` counts from the newest job, so a page may repeat or skip jobs that were added or removed between two calls. A page
   * may also be short, because jobs were removed during the call: only an empty page means the end.
   */
  listJobs(options: {
    queue: QueueName;
    state: JobState;
    offset: number;
    limit: number;
  }): Promise<JobSummary[]>;
  getJob(queue: QueueName, id: string): Promise<JobSummary | undefined>;
  getProgress(queue: QueueName, ref: JobRef): Promise<JobProgress>;
}

/** Reads BullMQ's jobs for operators. Throws `QueuesUnavailable` at once while Redis is away. */
export function openJobReader({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): JobReader {
  const bull = openBull(redis, bullPrefix);
  return {
    async listJobs({ queue, state, offset, limit }) {
      const jobs = await (await bull.queue(queue)).getJobs([state], offset, offset + limit - 1, false);
      return jobs.map((job) => summarise(job, state));
    },
    async getJob(queue, id) {
      const from = await bull.queue(queue);
      // BullMQ keeps other keys beside the jobs (`meta`, `<id>:lock`), and getJob would read them as jobs.
      const job = id.includes(':') || Object.hasOwn(from.keys, id) ? undefined : await from.getJob(id);
      if (!job) return undefined;
      return summarise(job, stateOf(await job.getState()));
    },
    async getProgress(queue, ref) {
      const source = await bull.queue(queue);
      const id = bullJobId(ref);
      const [state, score, isPaused] = await Promise.all([
        source.getJobState(id),
        redis.zscore(queueKey(bullPrefix, queue, 'delayed'), id),
        source.isPaused(),
      ]);
      return { state: stateOf(state), nextTry: score === null ? null : dueAt(Number(score)), isPaused };
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}

/** Shows a prioritized job as waiting. */
const stateOf = (state: string): JobProgress['state'] =>
  state === 'prioritized' ? 'waiting' : (jobStates.find((known) => known === state) ?? 'unknown');

/** Decodes a score of BullMQ's `delayed` set: https://github.com/taskforcesh/bullmq/blob/master/src/commands/includes/getDelayedScore.lua */
export const dueAt = (score: number): Date => new Date(Math.floor(score / 0x1000));

function summarise(job: Job, state: JobSummary['state']): JobSummary {
  const time = (ms: number | undefined): string | null => (ms ? new Date(ms).toISOString() : null);
  return {
    id: job.id ?? '',
    queue: job.queueName,
    state,
    payload: job.data as unknown,
    error: job.failedReason ?? null,
    trace: readTrace(job),
    created_at: new Date(job.timestamp).toISOString(),
    started_at: time(job.processedOn),
    finished_at: time(job.finishedOn),
    worker: job.processedBy ?? null,
  };
}
