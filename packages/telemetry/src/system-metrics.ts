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
    help: 'Conversations by state, including those with people of the business; absent while PostgreSQL is away',
    labels: { state: conversationStates as readonly string[] },
    optional: true,
  },
  workers: {
    type: 'gauge',
    help: 'Workers by state. lost: no heartbeat for 90 s, listed for an hour. never_beat: runs, but has not sent a heartbeat yet',
    labels: { state: workerStates as readonly string[] },
  },
  worker_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Time since the last heartbeat of any worker; absent if there was none for an hour',
    unit: 'seconds',
    aggregate: 'max',
    optional: true,
  },
  postgres_connections: {
    type: 'gauge',
    help: 'Client connections to the PostgreSQL server, including those of other programs; absent while it is away',
    optional: true,
  },
  postgres_max_connections: {
    type: 'gauge',
    help: 'Maximum number of connections of the PostgreSQL server; absent while it is away',
    optional: true,
  },
  redis_memory_used_bytes: {
    type: 'gauge',
    help: 'Memory that Redis uses. In a cluster: of the node that has the keys of ProSaaS',
    unit: 'bytes',
    optional: true,
  },
  redis_memory_max_bytes: {
    type: 'gauge',
    help: 'Memory limit of Redis (maxmemory); absent if there is none',
    unit: 'bytes',
    optional: true,
  },
} as const;
