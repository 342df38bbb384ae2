import type { JobRef, ReleasedJob } from '@prosaas/database';
import type { JobsOptions } from 'bullmq';
import { type QueueName, queueTable } from './queue-table.ts';
import { childTrace, telemetryOf } from './trace.ts';

/** Of the row that a BullMQ job wakes a worker for. */
export interface JobRowRef extends JobRef {
  /** Workers that had died while they ran it, when it was released. */
  workerDeaths: number;
}

/** The payload lies at the top, where workers of the release before look for it. */
interface JobData {
  row: JobRowRef;
}

/** A finished job of the same id would keep BullMQ from taking the next release. */
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
      // The clocks of those who release and of those who look may differ.
      timestamp: Math.floor(readMs),
      // Retries are counted with the row, and go by moveToDelayed. Workers of the release before go by this.
      attempts,
      backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
      removeOnComplete: kept,
      removeOnFail: kept,
      stackTraceLimit: 1,
      telemetry: telemetryOf(childTrace(trace ?? undefined)),
    },
  };
}

/** Undefined for what a release before migration 0010 put in. */
export function readRowRef(data: unknown): JobRowRef | undefined {
  const { row } = (data ?? {}) as { row?: Partial<JobRowRef> };
  const { id, release, workerDeaths } = row ?? {};
  return typeof id === 'string' && typeof release === 'number' && typeof workerDeaths === 'number'
    ? { id, release, workerDeaths }
    : undefined;
}
