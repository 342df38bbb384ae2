export const whatsAppMetrics = {
  whatsapp_unstored_messages: {
    type: 'counter',
    help: 'Inbound messages that could not be stored when they arrived. retried: an operator stored the message later',
    labels: { event: ['quarantined', 'pending', 'expired', 'retried'] },
  },
  whatsapp_restricted_sessions: {
    type: 'gauge',
    help: 'Sessions whose account may not start new chats at present, by the reason that WhatsApp gave',
    labels: { reason: ['reachout_timelock', 'new_chat_cap'] },
  },
} as const;
