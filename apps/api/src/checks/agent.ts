import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { type ServingReplica, judgeWarmth } from '../serving-replicas.ts';

/** An agent is loaded and can answer on every live replica that answers customers. */
export function agentCheck({
  replicas,
}: {
  replicas: () => Promise<readonly ServingReplica[]>;
}): CheckDefinition {
  return {
    name: 'agent',
    componentType: 'component',
    async run() {
      const warmth = judgeWarmth(await replicas());
      const cold = warmth.cold.filter(({ part }) => part === 'agent');
      const facts = { replicas: warmth.replicas, cold: cold.length, fallback: warmth.fallback };
      const detail = { cold: cold.map(({ instance, state }) => ({ instance, state })) };
      if (warmth.replicas === 0 || cold.length > 0) throw new CheckFailure('not_ready', { facts, detail });
      // The model provider is away: the agent answers from the profile alone.
      return warmth.fallback > 0 ? { status: 'warn', reason: 'model_fallback', facts } : { facts };
    },
  };
}
