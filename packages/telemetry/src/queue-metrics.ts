import { type MetricDefinition, REQUEST_BUCKETS } from '@prosaas/observability';
import { queueNames, scheduleTable } from '@prosaas/queues';

type CounterOf = MetricDefinition & { type: 'counter' };
type GaugeOf = MetricDefinition & { type: 'gauge' };
type HistogramOf = MetricDefinition & { type: 'histogram' };

export type QueueMetrics = {
  readonly queue_jobs: GaugeOf;
  readonly queue_oldest_job_age_seconds: GaugeOf;
  readonly queue_paused: GaugeOf;
  readonly queue_slots: GaugeOf;
  readonly queue_dead_letter_depth: GaugeOf;
  readonly queue_job_wait_seconds: HistogramOf;
  readonly queue_job_run_seconds: HistogramOf;
  readonly queue_job_attempts: CounterOf;
  readonly queue_jobs_stalled: CounterOf;
  readonly schedule_runs: CounterOf;
};

const queue: readonly string[] = queueNames;
/** A job waits for up to minutes, and may run for one. */
const buckets: readonly number[] = [...REQUEST_BUCKETS, 30, 60, 300];

/** How the job queues do. What Redis knows exactly is read there; the jobs in PostgreSQL, by the api on a timer. */
export const queueMetrics: QueueMetrics = {
  queue_jobs: {
    type: 'gauge',
    help: 'Open jobs by state; pending: in PostgreSQL alone, for their turn or their time',
    labels: { queue, state: ['waiting', 'active', 'delayed', 'pending'] },
  },
  queue_oldest_job_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest job that is due has waited, in PostgreSQL or since it was last tried',
    unit: 'seconds',
    aggregate: 'max',
    labels: { queue },
  },
  queue_paused: {
    type: 'gauge',
    help: '1 while nothing is taken from the queue',
    aggregate: 'max',
    labels: { queue },
  },
  queue_slots: {
    type: 'gauge',
    help: 'Jobs of a queue that may run at once, all workers together; fewer while their event loops are late',
    labels: { queue },
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
    labels: { queue },
    buckets,
  },
  queue_job_run_seconds: {
    type: 'histogram',
    help: 'Time that an attempt of a job ran',
    unit: 'seconds',
    labels: { queue },
    buckets,
  },
  queue_job_attempts: {
    type: 'counter',
    help: 'Attempts of jobs by how they ended; requeued: not the fault of the job, which goes back to its queue',
    labels: { queue, outcome: ['completed', 'retried', 'failed', 'requeued'] },
  },
  queue_jobs_stalled: {
    type: 'counter',
    help: 'Times that a job was taken back from a worker that died or stood still',
    labels: { queue },
  },
  schedule_runs: {
    type: 'counter',
    help: 'Runs of what is done at its times, by how they ended',
    labels: { schedule: Object.keys(scheduleTable), outcome: ['completed', 'failed'] },
  },
};
