import type { MetricDefinition } from '@prosaas/observability';

export type WhatsAppMetrics = { readonly whatsapp_unstored_messages: MetricDefinition & { type: 'counter' } };

/** What becomes of inbound messages that can not be stored at once. */
export const whatsAppMetrics: WhatsAppMetrics = {
  whatsapp_unstored_messages: {
    type: 'counter',
    help: 'Inbound messages that could not be stored at once; retried: stored after all, by an operator',
    labels: { event: ['quarantined', 'pending', 'expired', 'retried'] },
  },
};
