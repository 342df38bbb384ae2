import { defineCatalogue, httpMetrics, processMetrics } from '@prosaas/observability';
import { type AgentMetrics, agentMetrics } from './agent-metrics.ts';
import { type CallMetrics, callMetrics } from './call-metrics.ts';
import { type ConversationMetrics, conversationMetrics } from './conversation-metrics.ts';
import { type QueueMetrics, queueMetrics } from './queue-metrics.ts';
import { type ServiceMetrics, serviceMetrics } from './service-metrics.ts';
import { type StageMetrics, stageMetrics } from './stage-metrics.ts';
import { type SystemMetrics, systemMetrics } from './system-metrics.ts';
import { type WhatsAppMetrics, whatsAppMetrics } from './whatsapp-metrics.ts';

interface CounterOf {
  readonly type: 'counter';
  readonly help: string;
}
interface GaugeOf {
  readonly type: 'gauge';
  readonly help: string;
}

/** What ProSaaS counts, across all services and replicas; the names are the contract of GET /metrics.json. */
const businessMetrics: {
  readonly whatsapp_inbound_messages: CounterOf;
  readonly whatsapp_outbound_messages: CounterOf;
  readonly whatsapp_errors: CounterOf;
  readonly calls_started: CounterOf;
  readonly calls_completed: CounterOf;
  readonly calls_rejected_max_concurrent: CounterOf;
  readonly calls_errors: CounterOf;
  readonly calls_active: GaugeOf;
  readonly queue_jobs_enqueued: CounterOf;
  readonly queue_jobs_completed: CounterOf;
  readonly queue_jobs_failed: CounterOf;
  readonly queue_jobs_dead_letter: CounterOf;
} = {
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
};

const byService = { service: ['api', 'baileys', 'calls', 'worker'] } as const;

/**
 * All that any service counts or measures of itself; GET /metrics shows it under names that begin with `prosaas_`, but for those of
 * processes, which have the names that everybody knows.
 */
export const catalogue: typeof businessMetrics &
  AgentMetrics &
  CallMetrics &
  ConversationMetrics &
  QueueMetrics &
  ServiceMetrics &
  StageMetrics &
  SystemMetrics &
  WhatsAppMetrics &
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
  ...httpMetrics(byService),
  ...processMetrics(byService),
});

/** The metrics of GET /metrics.json. */
export const businessMetricNames: readonly string[] = Object.keys(businessMetrics);

/** What stands before each name in GET /metrics that is not a standard one. */
export const metricPrefix = 'prosaas_';
