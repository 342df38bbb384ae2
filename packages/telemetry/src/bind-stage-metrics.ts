import type { Histogram } from '@prosaas/observability';
import type { MessageStage } from './stage-metrics.ts';
import type { Telemetry } from './telemetry.ts';

/** Binds the histograms of some stages once, and returns a function that observes a stage's duration in milliseconds. */
export function bindStageMetrics<S extends MessageStage>(
  metrics: Telemetry['metrics'],
  stages: readonly S[],
): (stage: S, ms: number) => void {
  const handles = Object.fromEntries(
    stages.map((stage) => [stage, metrics.histogram('message_stage_seconds', { stage })]),
  ) as Record<S, Histogram>;
  return (stage, ms) => handles[stage].observe(Math.max(0, ms) / 1000);
}
