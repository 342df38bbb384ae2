import { defineCatalogue, httpMetrics, processMetrics } from '@prosaas/observability';
import { agentMetrics } from './agent-metrics.ts';
import { callMetrics } from './call-metrics.ts';
import { conversationMetrics } from './conversation-metrics.ts';
import { queueMetrics } from './queue-metrics.ts';
import { serviceMetrics } from './service-metrics.ts';
import { stageMetrics } from './stage-metrics.ts';
import { systemMetrics } from './system-metrics.ts';
import { whatsAppMetrics } from './whatsapp-metrics.ts';

/**
 * What ProSaaS counts, across all services and replicas: the contract of GET /metrics.json. Other metrics have their entry in one of the
 * `*-metrics.ts` files; docs/extending.md says how to add one.
 */
const businessMetrics = {
  whatsapp_inbound_messages: { type: 'counter', help: 'Messages received via WhatsApp' },
  whatsapp_outbound_messages: { type: 'counter', help: 'Messages sent via WhatsApp' },
  whatsapp_errors: { type: 'counter', help: 'WhatsApp send/receive errors' },
  calls_started: { type: 'counter', help: 'Total calls initiated' },
  calls_completed: { type: 'counter', help: 'Calls completed successfully' },
  calls_rejected_max_concurrent: { type: 'counter', help: 'Calls rejected (over limit)' },
  calls_errors: { type: 'counter', help: 'Call processing errors' },
  calls_active: { type: 'gauge', help: 'Currently active calls' },
  queue_jobs_enqueued: { type: 'counter', help: 'Jobs added to queues' },
  queue_jobs_completed: { type: 'counter', help: 'Jobs completed successfully' },
  queue_jobs_failed: { type: 'counter', help: 'Jobs that failed' },
  queue_jobs_dead_letter: { type: 'counter', help: 'Jobs moved to dead-letter queue' },
} as const;

const BY_SERVICE = { service: ['api', 'baileys', 'calls', 'worker'] } as const;

/**
 * Every metric of every service. GET /metrics puts `prosaas_` before each name, except for process metrics, whose names are standard.
 */
export const catalogue: typeof businessMetrics &
  typeof agentMetrics &
  typeof callMetrics &
  typeof conversationMetrics &
  typeof queueMetrics &
  typeof serviceMetrics &
  typeof stageMetrics &
  typeof systemMetrics &
  typeof whatsAppMetrics &
  Readonly<ReturnType<typeof httpMetrics> & ReturnType<typeof processMetrics>> = defineCatalogue({
  ...businessMetrics,
  ...systemMetrics,
  ...serviceMetrics,
  ...callMetrics,
  ...conversationMetrics,
  ...agentMetrics,
  ...queueMetrics,
  ...stageMetrics,
  ...whatsAppMetrics,
  ...httpMetrics(BY_SERVICE),
  ...processMetrics(BY_SERVICE),
});

/** The metrics of GET /metrics.json. */
export const businessMetricNames: readonly string[] = Object.keys(businessMetrics);

/** Prefix of every name in GET /metrics that is not a standard one. */
export const metricPrefix = 'prosaas_';
