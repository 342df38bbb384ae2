export const whatsAppMetrics = {
  whatsapp_unstored_messages: {
    type: 'counter',
    help: 'Inbound messages that could not be stored at once; retried: stored after all, by an operator',
    labels: { event: ['quarantined', 'pending', 'expired', 'retried'] },
  },
  whatsapp_restricted_sessions: {
    type: 'gauge',
    help: 'Sessions whose account may start no new chats for now, by the reason that WhatsApp gave',
    labels: { reason: ['reachout_timelock', 'new_chat_cap'] },
  },
} as const;
