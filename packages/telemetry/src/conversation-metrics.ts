import { type WaitingReason, waitingReasons } from '@prosaas/conversations';

export const conversationMetrics = {
  handovers: {
    type: 'counter',
    help: 'Times that a conversation began to wait for a person, by reason. late: a message arrived hours after it was written',
    labels: { reason: Object.keys(waitingReasons) as readonly WaitingReason[] },
  },
  customers_waiting: {
    type: 'gauge',
    help: 'Conversations that wait for a person; absent while PostgreSQL is away',
    optional: true,
  },
  customers_waiting_oldest_age_seconds: {
    type: 'gauge',
    help: 'Waiting time of the conversation that has waited longest for a person; absent while PostgreSQL is away',
    unit: 'seconds',
    aggregate: 'max',
    optional: true,
  },
} as const;
