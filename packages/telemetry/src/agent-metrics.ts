import type { MetricDefinition } from '@prosaas/observability';
import type { Telemetry } from './telemetry.ts';

export type AgentMetrics = {
  readonly agent_answers: MetricDefinition & { type: 'counter' };
  readonly model_call_duration_seconds: MetricDefinition & { type: 'histogram' };
};

const sources = [
  'faq',
  'hours',
  'greeting',
  'small-talk',
  'hand-off',
  'opt-out',
  'opt-in',
  'unknown',
  'model',
] as const;
const outcomes = ['answered', 'handed_over', 'timeout', 'failed', 'canceled'] as const;

export const agentMetrics: AgentMetrics = {
  agent_answers: {
    type: 'counter',
    help: 'Answers that the agent found to messages, by what they came from; unknown: it did not understand',
    labels: { source: sources },
  },
  model_call_duration_seconds: {
    type: 'histogram',
    help: 'Calls of the model provider by how they ended; canceled: the job was given up meanwhile',
    unit: 'seconds',
    labels: { outcome: outcomes },
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
};

/** What an agent tells of its answers. */
export interface AnswerOutcomes {
  onAnswer: (source: (typeof sources)[number]) => void;
  onModelCall: (outcome: (typeof outcomes)[number], ms: number) => void;
}

export function bindAgentMetrics(metrics: Telemetry['metrics']): AnswerOutcomes {
  return {
    onAnswer: (source) => metrics.counter('agent_answers', { source }).add(),
    onModelCall: (outcome, ms) =>
      metrics.histogram('model_call_duration_seconds', { outcome }).observe(Math.max(0, ms) / 1000),
  };
}
