import type { MetricDefinition } from '@prosaas/observability';

export type CallMetrics = { readonly call_webhooks_refused: MetricDefinition & { type: 'counter' } };

/** What the telephony provider, or somebody who is not, asks in vain. */
export const callMetrics: CallMetrics = {
  call_webhooks_refused: {
    type: 'counter',
    help: 'Webhooks about calls that were refused; a signature is checked against PUBLIC_URL and the auth token',
    labels: { reason: ['auth_token_missing', 'signature_missing', 'signature_invalid', 'malformed'] },
  },
};
