import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { type AskedRedis, askRedis } from '@prosaas/telemetry';
import { type ServingReplica, judgeWarmth } from '../serving-replicas.ts';

/** An agent is loaded and can answer on every live replica that answers customers, and there is one for chats. */
export function agentCheck({
  replicas,
  ...asked
}: AskedRedis & {
  replicas: () => Promise<readonly ServingReplica[]>;
}): CheckDefinition {
  return {
    name: 'agent',
    componentType: 'component',
    async run(signal) {
      const warmth = judgeWarmth(await askRedis(replicas, { ...asked, signal, prefix: 'redis_' }));
      const { absent, fallback, faultyProfiles, profileProblems } = warmth;
      const cold = warmth.cold.filter(({ part }) => part === 'agent');
      const facts = {
        replicas: warmth.replicas,
        cold: cold.length,
        fallback,
        ...(faultyProfiles === 0 ? {} : { faulty_profiles: faultyProfiles }),
        ...(absent.length === 0 ? {} : { absent }),
      };
      const detail = { cold: cold.map(({ instance, state }) => ({ instance, state })) };
      if (warmth.replicas === 0 || cold.length > 0 || absent.length > 0)
        throw new CheckFailure('not_ready', { facts, detail });
      if (faultyProfiles > 0)
        return { status: 'warn', reason: 'profile_faulty', facts, detail: { problems: profileProblems } };
      // The model provider is away: the agent answers from the profile alone.
      return fallback > 0 ? { status: 'warn', reason: 'model_fallback', facts } : { facts };
    },
  };
}
