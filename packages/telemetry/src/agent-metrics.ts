import type { MetricDefinition } from '@prosaas/observability';
import type { Telemetry } from './telemetry.ts';

export type AgentMetrics = {
  readonly agent_answers: MetricDefinition & { type: 'counter' };
  readonly model_call_duration_seconds: MetricDefinition & { type: 'histogram' };
  readonly model_probes: MetricDefinition & { type: 'counter' };
  readonly model_tokens: MetricDefinition & { type: 'counter' };
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
const outcomes = [
  'answered',
  'handed_over',
  'opted_out',
  'canceled',
  'refused',
  'timeout',
  'unauthorized',
  'not_found',
  'bad_request',
  'rate_limited',
  'quota',
  'server_error',
  'bad_reply',
  'empty',
  'refusal',
  'not_grounded',
  'wrong_language',
  'too_long',
  'repeated',
] as const;

export const agentMetrics: AgentMetrics = {
  agent_answers: {
    type: 'counter',
    help: 'Answers that the agent found to messages, by what they came from; unknown: it did not understand',
    labels: { source: sources },
  },
  model_call_duration_seconds: {
    type: 'histogram',
    help: 'Calls of the model provider by how they ended; canceled: the job was given up meanwhile; for the others see docs/agent.md',
    unit: 'seconds',
    labels: { outcome: outcomes },
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  model_probes: {
    type: 'counter',
    help: 'Tiny requests that ask whether the model provider works, by how they ended',
    labels: { outcome: outcomes },
  },
  model_tokens: {
    type: 'counter',
    help: 'Tokens of all calls of the model provider, as it counts them',
    labels: { kind: ['prompt', 'completion'] },
  },
};

/** What an agent tells of its answers. */
export interface AnswerOutcomes {
  onAnswer: (source: (typeof sources)[number]) => void;
  onModelCall: (call: {
    purpose: 'answer' | 'probe';
    outcome: (typeof outcomes)[number];
    ms: number;
    tokens: { prompt: number; completion: number };
  }) => void;
}

export function bindAgentMetrics(metrics: Telemetry['metrics']): AnswerOutcomes {
  return {
    onAnswer: (source) => metrics.counter('agent_answers', { source }).add(),
    onModelCall: ({ purpose, outcome, ms, tokens }) => {
      if (purpose === 'probe') metrics.counter('model_probes', { outcome }).add();
      else metrics.histogram('model_call_duration_seconds', { outcome }).observe(Math.max(0, ms) / 1000);
      for (const kind of ['prompt', 'completion'] as const)
        metrics.counter('model_tokens', { kind }).add(tokens[kind]);
    },
  };
}
