import { REQUEST_BUCKETS } from '@prosaas/observability';

/** The stages of a message and its answer, in order: each begins where the previous one ends. */
export const messageStages = [
  /** From WhatsApp's stanza to the commit of the message and its job (baileys). */
  'stored',
  /** Until its job is released: its turn in the conversation. */
  'released',
  /** Until a worker starts the job. */
  'woken',
  /** Until the answer and its job are committed (worker). */
  'answered',
  /** The same for the job that sends the answer. */
  'send_released',
  'send_woken',
  /** From the worker's request until it is written to WhatsApp (baileys). */
  'send_begun',
  /** Until WhatsApp's ack is recorded (baileys). */
  'acknowledged',
] as const;
export type MessageStage = (typeof messageStages)[number];

/** In seconds: a stage may take a millisecond, or wait for minutes. */
const STAGE_BUCKETS = [0.001, 0.0025, ...REQUEST_BUCKETS, 30, 60];

export const stageMetrics = {
  message_stage_seconds: {
    type: 'histogram',
    help: 'Time that a message and its answer spend in each stage',
    unit: 'seconds',
    labels: { stage: messageStages as readonly string[] },
    buckets: STAGE_BUCKETS as readonly number[],
  },
} as const;
