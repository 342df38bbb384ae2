import { conversationStates } from '@prosaas/database';

/** The names that `GET /api/sessions` uses. */
export const sessionStates = ['STOPPED', 'STARTING', 'SCAN_QR_CODE', 'WORKING', 'FAILED'] as const;
export const workerStates = ['live', 'lost', 'never_beat'] as const;

/**
 * Metrics of the whole system, which no single process counts. The reader takes them from Redis, or from the `SystemStats` that an
 * api publishes there.
 */
export const systemMetrics = {
  whatsapp_sessions: {
    type: 'gauge',
    help: 'WhatsApp sessions by state; absent while baileys is away',
    labels: { state: sessionStates as readonly string[] },
    optional: true,
  },
  conversations: {
    type: 'gauge',
    help: "Conversations by state, those with the business' own people included; absent while PostgreSQL is away",
    labels: { state: conversationStates as readonly string[] },
    optional: true,
  },
  workers: {
    type: 'gauge',
    help: 'Workers by state; lost: without a heartbeat for 90 s and for an hour at most; never_beat: it runs and has not worked yet',
    labels: { state: workerStates as readonly string[] },
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
} as const;
