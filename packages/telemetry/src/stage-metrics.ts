import { type Histogram, type MetricDefinition, REQUEST_BUCKETS } from '@prosaas/observability';
import type { Telemetry } from './telemetry.ts';

/** The way of a message and its answer, stage by stage: each begins where the one before ends. */
export const messageStages = [
  /** From WhatsApp's stanza to the commit of the message and its job (baileys). */
  'stored',
  /** Until its turn in its conversation. */
  'released',
  /** Until a worker begins with it. */
  'woken',
  /** Until the answer and its job are committed (worker). */
  'answered',
  /** The same of the job that sends the answer. */
  'send_released',
  'send_woken',
  /** From the worker's request until it is written to WhatsApp (baileys). */
  'send_begun',
  /** Until WhatsApp's ack is recorded (baileys). */
  'acknowledged',
] as const;
export type MessageStage = (typeof messageStages)[number];

export type StageMetrics = { readonly message_stage_seconds: MetricDefinition & { type: 'histogram' } };

export const stageMetrics: StageMetrics = {
  message_stage_seconds: {
    type: 'histogram',
    help: 'Time that a message and its answer spend in each stage of their way',
    unit: 'seconds',
    labels: { stage: messageStages },
    // A stage may take a millisecond, or wait for minutes.
    buckets: [0.001, 0.0025, ...REQUEST_BUCKETS, 30, 60],
  },
};

/** Observes some stages, in milliseconds, through handles that are bound once. */
export function bindStageMetrics<S extends MessageStage>(
  metrics: Telemetry['metrics'],
  stages: readonly S[],
): (stage: S, ms: number) => void {
  const handles = Object.fromEntries(
    stages.map((stage) => [stage, metrics.histogram('message_stage_seconds', { stage })]),
  ) as Record<S, Histogram>;
  return (stage, ms) => handles[stage].observe(Math.max(0, ms) / 1000);
}
