import { readSlotTotals } from '@prosaas/leases';
import { MetricsReader, type ExactSource } from '@prosaas/observability';
import { readQueueTotals, readRowFigures } from '@prosaas/queues';
import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { catalogue } from './catalogue.ts';

/** Reads what all services count, together with what Redis itself knows exactly (jobs, call slots), and the figures of the jobs in PostgreSQL. */
export function createSystemReader({
  redis,
  keyspace,
  onError,
}: {
  redis: Redis;
  keyspace: Keyspace;
  onError: (error: unknown) => void;
}): MetricsReader {
  return new MetricsReader({
    redis,
    keyPrefix: keyspace.key('metrics'),
    catalogue,
    sources: [queueSource(keyspace), callSource(keyspace)],
    onError,
  });
}

function queueSource(keyspace: Keyspace): ExactSource {
  return {
    name: 'queues',
    async read(redis) {
      const [totals, rows] = await Promise.all([
        readQueueTotals(redis, keyspace.bullPrefix),
        readRowFigures(redis, keyspace.bullPrefix),
      ]);
      const queues = Object.entries(totals.queues);
      const jobs = queues.flatMap(([queue, { waiting, active, delayed }]) => {
        const pending = rows && { pending: rows.queues[queue]?.pending ?? 0 };
        return Object.entries({ waiting, active, delayed, ...pending }).map(([state, value]) => ({
          labels: { queue, state },
          value,
        }));
      });
      const ages = queues.map(([queue, { oldestAgeSeconds }]) => ({
        labels: { queue },
        value: Math.max(oldestAgeSeconds, rows?.queues[queue]?.pending_age_seconds ?? 0),
      }));
      const paused = queues.map(([queue, { paused: is }]) => ({ labels: { queue }, value: is ? 1 : 0 }));
      return {
        counters: {
          queue_jobs_enqueued: totals.enqueued,
          queue_jobs_completed: totals.completed,
          queue_jobs_failed: totals.failed,
          queue_jobs_dead_letter: totals.failed,
        },
        gauges: {
          queue_jobs: jobs.reduce((sum, { value }) => sum + value, 0),
          queue_oldest_job_age_seconds: Math.max(...ages.map(({ value }) => value)),
          queue_paused: Math.max(...paused.map(({ value }) => value)),
          ...(rows && { queue_dead_letter_depth: rows.dead }),
          ...(rows?.waiting && {
            customers_waiting: rows.waiting.conversations,
            customers_waiting_oldest_age_seconds: rows.waiting.oldest_age_seconds,
          }),
        },
        labels: { queue_jobs: jobs, queue_oldest_job_age_seconds: ages, queue_paused: paused },
      };
    },
  };
}

function callSource(keyspace: Keyspace): ExactSource {
  return {
    name: 'calls',
    async read(redis) {
      const totals = await readSlotTotals(redis, keyspace.key('calls'));
      return {
        counters: {
          calls_started: totals.started,
          calls_completed: totals.completed,
          calls_errors: totals.errors,
          calls_rejected_max_concurrent: totals.rejected,
        },
        gauges: { calls_active: totals.active },
      };
    },
  };
}
