import { REQUEST_BUCKETS } from '@prosaas/observability';
import { queueNames, scheduleTable } from '@prosaas/queues';

type Values = readonly string[];

/** In seconds: a job may wait for minutes, and run for one. */
const JOB_BUCKETS = [...REQUEST_BUCKETS, 30, 60, 300];

/** State of the job queues. Counts in Redis are read there; the api counts the jobs in PostgreSQL on a timer. */
export const queueMetrics = {
  queue_jobs: {
    type: 'gauge',
    help: 'Open jobs by state. pending: only in PostgreSQL, because another job of the order key is ahead or the job is not due yet',
    labels: { queue: queueNames as Values, state: ['waiting', 'active', 'delayed', 'pending'] },
  },
  queue_oldest_job_age_seconds: {
    type: 'gauge',
    help: 'Waiting time of the oldest due job, since it was due or since its last attempt',
    unit: 'seconds',
    aggregate: 'max',
    labels: { queue: queueNames as Values },
  },
  queue_paused: {
    type: 'gauge',
    help: '1 while the queue is paused',
    aggregate: 'max',
    labels: { queue: queueNames as Values },
  },
  queue_slots: {
    type: 'gauge',
    help: 'Jobs of a queue that all workers together may run at once. Workers reduce it while their event loops are late',
    labels: { queue: queueNames as Values },
  },
  queue_dead_letter_depth: {
    type: 'gauge',
    help: 'Jobs in the dead letter; absent while PostgreSQL is away',
    optional: true,
  },
  queue_job_wait_seconds: {
    type: 'histogram',
    help: 'Time from when a job was due until its first attempt began',
    unit: 'seconds',
    labels: { queue: queueNames as Values },
    buckets: JOB_BUCKETS as readonly number[],
  },
  queue_job_run_seconds: {
    type: 'histogram',
    help: 'Duration of an attempt of a job',
    unit: 'seconds',
    labels: { queue: queueNames as Values },
    buckets: JOB_BUCKETS as readonly number[],
  },
  queue_job_attempts: {
    type: 'counter',
    help: 'Attempts of jobs by outcome. requeued: the job was not at fault and went back to its queue',
    labels: { queue: queueNames as Values, outcome: ['completed', 'retried', 'failed', 'requeued'] },
  },
  queue_jobs_stalled: {
    type: 'counter',
    help: 'Times that a job was taken back from a worker that died or stopped responding',
    labels: { queue: queueNames as Values },
  },
  schedule_runs: {
    type: 'counter',
    help: 'Runs of schedules by outcome',
    labels: { schedule: Object.keys(scheduleTable) as Values, outcome: ['completed', 'failed'] },
  },
} as const;
