import { REQUEST_BUCKETS } from '@prosaas/observability';
import { queueNames, scheduleTable } from '@prosaas/queues';

type Values = readonly string[];

/** In seconds: a job may wait for minutes, and run for one. */
const JOB_BUCKETS = [...REQUEST_BUCKETS, 30, 60, 300];

/** State of the job queues. Counts in Redis are read there; the api counts the jobs in PostgreSQL on a timer. */
export const queueMetrics = {
  queue_jobs: {
    type: 'gauge',
    help: 'Open jobs by state; pending: only in PostgreSQL, until their turn or their time',
    labels: { queue: queueNames as Values, state: ['waiting', 'active', 'delayed', 'pending'] },
  },
  queue_oldest_job_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest job that is due has waited, in PostgreSQL or since it was last tried',
    unit: 'seconds',
    aggregate: 'max',
    labels: { queue: queueNames as Values },
  },
  queue_paused: {
    type: 'gauge',
    help: '1 while nothing is taken from the queue',
    aggregate: 'max',
    labels: { queue: queueNames as Values },
  },
  queue_slots: {
    type: 'gauge',
    help: 'Jobs of a queue that may run at once, all workers together; fewer while their event loops are late',
    labels: { queue: queueNames as Values },
  },
  queue_dead_letter_depth: {
    type: 'gauge',
    help: 'Jobs that wait in the dead letter for a person; absent while PostgreSQL is away',
    optional: true,
  },
  queue_job_wait_seconds: {
    type: 'histogram',
    help: 'Time from when a job was due to its first start',
    unit: 'seconds',
    labels: { queue: queueNames as Values },
    buckets: JOB_BUCKETS as readonly number[],
  },
  queue_job_run_seconds: {
    type: 'histogram',
    help: 'Time that an attempt of a job ran',
    unit: 'seconds',
    labels: { queue: queueNames as Values },
    buckets: JOB_BUCKETS as readonly number[],
  },
  queue_job_attempts: {
    type: 'counter',
    help: 'Attempts of jobs by how they ended; requeued: not the fault of the job, which goes back to its queue',
    labels: { queue: queueNames as Values, outcome: ['completed', 'retried', 'failed', 'requeued'] },
  },
  queue_jobs_stalled: {
    type: 'counter',
    help: 'Times that a job was taken back from a worker that died or stood still',
    labels: { queue: queueNames as Values },
  },
  schedule_runs: {
    type: 'counter',
    help: 'Runs of schedules, by how they ended',
    labels: { schedule: Object.keys(scheduleTable) as Values, outcome: ['completed', 'failed'] },
  },
} as const;
