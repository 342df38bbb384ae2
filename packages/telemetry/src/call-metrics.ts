export const callMetrics = {
  call_webhooks_refused: {
    type: 'counter',
    help: 'Webhooks of calls that were refused. Signatures are checked against PUBLIC_URL and the auth token',
    labels: { reason: ['auth_token_missing', 'signature_missing', 'signature_invalid', 'malformed'] },
  },
} as const;
