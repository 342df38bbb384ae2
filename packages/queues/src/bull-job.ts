import type { JobRef, ReleasedJob } from '@prosaas/database';
import type { JobsOptions } from 'bullmq';
import { type QueueName, queueTable } from './queue-table.ts';
import { childTrace, telemetryOf } from './trace.ts';

/** Names the row of the table `jobs` that a BullMQ job stands for. */
export interface JobRowRef extends JobRef {
  /** How many workers had died while running the job, when it was released. */
  workerDeaths: number;
}

/** The payload's fields are at the top level, where workers of the previous version read them. */
interface JobData {
  row: JobRowRef;
}

/** Contains the release because BullMQ ignores a job whose id it already has, also when that one is finished. */
export const bullJobId = ({ id, release }: JobRef): string => `${id}-${release}`;

export function toBullJob({
  id,
  release,
  queue,
  payload,
  trace,
  worker_deaths: workerDeaths,
  read_ms: readMs,
}: ReleasedJob): {
  data: JobData;
  opts: JobsOptions;
} {
  const { attempts, backoff, keepFinished } = queueTable[queue as QueueName];
  const kept = { age: keepFinished.ageSeconds, count: keepFinished.count };
  return {
    data: { ...payload, row: { id, release, workerDeaths } },
    opts: {
      jobId: bullJobId({ id, release }),
      // PostgreSQL's time: the clocks of the replicas may differ.
      timestamp: Math.floor(readMs),
      // Only workers of the previous version read these. Now the row counts retries, and moveToDelayed schedules them.
      attempts,
      backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
      removeOnComplete: kept,
      removeOnFail: kept,
      stackTraceLimit: 1,
      telemetry: telemetryOf(childTrace(trace ?? undefined)),
    },
  };
}

/** Undefined for a job that a version before migration 0010 added. */
export function readRowRef(data: unknown): JobRowRef | undefined {
  const { row } = (data ?? {}) as { row?: Partial<JobRowRef> };
  const { id, release, workerDeaths } = row ?? {};
  return typeof id === 'string' && typeof release === 'number' && typeof workerDeaths === 'number'
    ? { id, release, workerDeaths }
    : undefined;
}
