import { readSlotTotals } from '@prosaas/leases';
import { type ExactReader, type LabelledValue, MetricsReader, readHeartbeats } from '@prosaas/observability';
import { readQueueTotals, readDatabaseStats } from '@prosaas/queues';
import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { catalogue } from './catalogue.ts';
import { readSystemStats } from './system-stats.ts';
import { workerStates } from './system-metrics.ts';

/**
 * Reads the counts of all services, the exact values in Redis (jobs, call slots, heartbeats, memory), and the system stats that an
 * api publishes.
 */
export function createSystemMetricsReader({
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
    exactReaders: [
      queueReader(keyspace),
      callReader(keyspace),
      workerReader(keyspace),
      memoryReader(keyspace),
      systemStatsReader(keyspace),
    ],
    onError,
  });
}

function queueReader(keyspace: Keyspace): ExactReader {
  return {
    name: 'queues',
    async read(redis) {
      const [totals, rows] = await Promise.all([
        readQueueTotals(redis, keyspace.bullPrefix),
        readDatabaseStats(redis, keyspace.bullPrefix),
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

function callReader(keyspace: Keyspace): ExactReader {
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

function workerReader(keyspace: Keyspace): ExactReader {
  return {
    name: 'workers',
    async read(redis) {
      const { beat_age_seconds: age, replicas } = await readHeartbeats({ redis, key: keyspace.heartbeat });
      const count = (wanted: string): number => replicas.filter(({ state }) => state === wanted).length;
      // Lost workers are listed for an hour, so the age keeps growing.
      const ages = [age, ...replicas.map(({ age_seconds: one }) => one)].filter((one) => one !== null);
      return {
        gauges: {
          workers: replicas.length,
          ...(ages.length > 0 && { worker_heartbeat_age_seconds: Math.min(...ages) }),
        },
        labels: { workers: workerStates.map((state) => ({ labels: { state }, value: count(state) })) },
      };
    },
  };
}

function memoryReader(keyspace: Keyspace): ExactReader {
  return {
    name: 'memory',
    async read(redis) {
      // EXISTS routes the pipeline to the node that has our keys, in a cluster.
      const replies = await redis.pipeline().exists(keyspace.key('stack')).info('memory').exec();
      const [, [refused, info] = [null, '']] = replies ?? [];
      // Managed servers may forbid INFO.
      if (refused?.name === 'ReplyError') return {};
      if (refused) throw refused;
      const [used, most] = ['used_memory', 'maxmemory'].map((name) =>
        Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(info))?.[1] ?? 0),
      ) as [number, number];
      return {
        gauges: {
          ...(used > 0 && { redis_memory_used_bytes: used }),
          ...(most > 0 && { redis_memory_max_bytes: most }),
        },
      };
    },
  };
}

function systemStatsReader(keyspace: Keyspace): ExactReader {
  return {
    name: 'stats',
    async read(redis) {
      const stats = await readSystemStats(redis, keyspace);
      if (stats === undefined) return {};
      const { conversations, connections, sessions } = stats;
      return {
        gauges: {
          ...(conversations && { conversations: sumOf(conversations) }),
          postgres_connections: connections.used,
          postgres_max_connections: connections.allowed,
          ...(sessions && { whatsapp_sessions: sumOf(sessions) }),
        },
        labels: {
          ...(conversations && { conversations: byState(conversations) }),
          ...(sessions && { whatsapp_sessions: byState(sessions) }),
        },
      };
    },
  };
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const byState = (counts: Readonly<Record<string, number>>): LabelledValue[] =>
  Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
