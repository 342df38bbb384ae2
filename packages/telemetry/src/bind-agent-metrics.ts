import type { ANSWER_SOURCES, MODEL_OUTCOMES } from './agent-metrics.ts';
import type { Telemetry } from './telemetry.ts';

/** What an agent reports about its answers. */
export interface AnswerOutcomes {
  onAnswer: (source: (typeof ANSWER_SOURCES)[number]) => void;
  onModelCall: (call: {
    purpose: 'answer' | 'probe';
    outcome: (typeof MODEL_OUTCOMES)[number];
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
