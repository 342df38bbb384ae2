export const ANSWER_SOURCES = [
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
export const MODEL_OUTCOMES = [
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

export const agentMetrics = {
  agent_answers: {
    type: 'counter',
    help: 'Answers of the agent by source. unknown: it did not understand the message',
    labels: { source: ANSWER_SOURCES as readonly string[] },
  },
  model_call_duration_seconds: {
    type: 'histogram',
    help: 'Duration of requests to the model provider by outcome. canceled: the job was aborted meanwhile. The others: see docs/agent.md',
    unit: 'seconds',
    labels: { outcome: MODEL_OUTCOMES as readonly string[] },
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  model_probes: {
    type: 'counter',
    help: 'Small requests that test whether the model provider works, by outcome',
    labels: { outcome: MODEL_OUTCOMES as readonly string[] },
  },
  model_tokens: {
    type: 'counter',
    help: 'Tokens of all requests to the model provider, as counted by the provider',
    labels: { kind: ['prompt', 'completion'] },
  },
} as const;
