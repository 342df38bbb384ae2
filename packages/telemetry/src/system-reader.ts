import { readSlotTotals } from '@prosaas/leases';
import { MetricsReader, type ExactSource } from '@prosaas/observability';
import { readQueueTotals } from '@prosaas/queues';
import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { catalogue } from './catalogue.ts';

/** Reads what all services count, together with what Redis itself knows exactly: jobs and call slots. */
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
      const totals = await readQueueTotals(redis, keyspace.bullPrefix);
      return {
        counters: {
          queue_jobs_enqueued: totals.enqueued,
          queue_jobs_completed: totals.completed,
          queue_jobs_failed: totals.failed,
          queue_jobs_dead_letter: totals.deadLetter,
        },
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
