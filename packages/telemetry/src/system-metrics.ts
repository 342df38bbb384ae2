import { conversationStates } from '@prosaas/database';
import type { MetricDefinition } from '@prosaas/observability';

type GaugeOf = MetricDefinition & { type: 'gauge' };

export type SystemMetrics = {
  readonly whatsapp_sessions: GaugeOf;
  readonly conversations: GaugeOf;
  readonly workers: GaugeOf;
  readonly worker_heartbeat_age_seconds: GaugeOf;
  readonly postgres_connections: GaugeOf;
  readonly postgres_max_connections: GaugeOf;
  readonly redis_memory_used_bytes: GaugeOf;
  readonly redis_memory_max_bytes: GaugeOf;
};

/** As `GET /api/sessions` calls them. */
export const sessionStates = ['STOPPED', 'STARTING', 'SCAN_QR_CODE', 'WORKING', 'FAILED'] as const;
export const workerStates = ['live', 'lost', 'never_beat'] as const;

/**
 * What there is once in the whole system. No process counts it: the reader takes it from Redis, where it is, or where an api leaves it
 * (`SystemStats`).
 */
export const systemMetrics: SystemMetrics = {
  whatsapp_sessions: {
    type: 'gauge',
    help: 'WhatsApp sessions by state; absent while baileys is away',
    labels: { state: sessionStates },
    optional: true,
  },
  conversations: {
    type: 'gauge',
    help: "Conversations by state, those with the business' own people included; absent while PostgreSQL is away",
    labels: { state: conversationStates },
    optional: true,
  },
  workers: {
    type: 'gauge',
    help: 'Workers by state; lost: without a heartbeat for 90 s and for an hour at most; never_beat: it runs and has not worked yet',
    labels: { state: workerStates },
  },
  worker_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Time since the last heartbeat of any worker; absent when there was none for an hour',
    unit: 'seconds',
    aggregate: 'max',
    optional: true,
  },
  postgres_connections: {
    type: 'gauge',
    help: 'Connections of clients to the PostgreSQL server, those of others included; absent while it is away',
    optional: true,
  },
  postgres_max_connections: {
    type: 'gauge',
    help: 'Connections that the PostgreSQL server allows; absent while it is away',
    optional: true,
  },
  redis_memory_used_bytes: {
    type: 'gauge',
    help: 'Memory that Redis uses; in a cluster, on the node that has our keys',
    unit: 'bytes',
    optional: true,
  },
  redis_memory_max_bytes: {
    type: 'gauge',
    help: 'Limit of the memory of Redis (maxmemory); absent where it has none',
    unit: 'bytes',
    optional: true,
  },
};
