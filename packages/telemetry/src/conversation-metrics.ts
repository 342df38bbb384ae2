import { waitingReasons } from '@prosaas/conversations';

export const conversationMetrics = {
  handovers: {
    type: 'counter',
    help: 'Times that a conversation began to wait for a person, by why; late: a message came hours after it was written',
    labels: { reason: Object.keys(waitingReasons) as readonly string[] },
  },
  customers_waiting: {
    type: 'gauge',
    help: 'Conversations that wait for a person; absent while PostgreSQL is away',
    optional: true,
  },
  customers_waiting_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the one that has waited longest has; absent while PostgreSQL is away',
    unit: 'seconds',
    aggregate: 'max',
    optional: true,
  },
} as const;
