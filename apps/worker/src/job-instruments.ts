import type { JobRow } from '@prosaas/database';
import type { Counter, Gauge, Histogram } from '@prosaas/observability';
import { queueNames, type QueueName } from '@prosaas/queues';
import { bindStageMetrics, type Telemetry } from '@prosaas/telemetry';

import type { Outcome } from './run-row.ts';

export interface JobInstruments {
  /** A job started for the first time since its release. */
  waited(row: Pick<JobRow, 'since_due_ms' | 'since_released_ms'>): void;
  ended(outcome: Outcome['kind'], ranMs: number): void;
  /** A job stalled: its worker died or froze. */
  stalled(): void;
  /** Sets how many jobs may run concurrently in this worker. */
  concurrency(jobs: number): void;
}

/** Binds the metrics that a worker records for each queue. */
export function bindJobInstruments(
  metrics: Telemetry['metrics'],
): Readonly<Record<QueueName, JobInstruments>> {
  const stage = bindStageMetrics(metrics, ['released', 'woken', 'answered', 'send_released', 'send_woken']);
  const bind = (queue: QueueName): JobInstruments => {
    const wait: Histogram = metrics.histogram('queue_job_wait_seconds', { queue });
    const run: Histogram = metrics.histogram('queue_job_run_seconds', { queue });
    const slots: Gauge = metrics.gauge('queue_slots', { queue });
    const stalled: Counter = metrics.counter('queue_jobs_stalled', { queue });
    const attempts = (outcome: 'completed' | 'retried' | 'failed' | 'requeued'): Counter =>
      metrics.counter('queue_job_attempts', { queue, outcome });
    const ends: Readonly<Record<Outcome['kind'], Counter>> = {
      done: attempts('completed'),
      retry: attempts('retried'),
      failed: attempts('failed'),
      requeue: attempts('requeued'),
    };
    return {
      waited({ since_due_ms: dueMs, since_released_ms: releasedMs }) {
        wait.observe(Math.max(0, dueMs) / 1000);
        if (queue === 'inbound-messages') {
          stage('released', dueMs - releasedMs);
          stage('woken', releasedMs);
        } else if (queue === 'outbound-messages') {
          stage('send_released', dueMs - releasedMs);
          stage('send_woken', releasedMs);
        }
      },
      ended(outcome, ranMs) {
        ends[outcome].add();
        if (outcome === 'done' && queue === 'inbound-messages') stage('answered', ranMs);
        run.observe(Math.max(0, ranMs) / 1000);
      },
      stalled: () => stalled.add(),
      concurrency: (jobs) => slots.set(jobs),
    };
  };
  return Object.fromEntries(queueNames.map((queue) => [queue, bind(queue)])) as Record<
    QueueName,
    JobInstruments
  >;
}
