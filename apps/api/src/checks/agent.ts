import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { type QueriedRedis, queryRedis } from '@prosaas/telemetry';
import { type ServingReplica, judgeWarmth } from '../serving-replicas.ts';

/** An agent is loaded and can answer on every live replica that answers customers, and there is one for chats. */
export function agentCheck({
  replicas,
  ...asked
}: QueriedRedis & {
  replicas: () => Promise<readonly ServingReplica[]>;
}): CheckDefinition {
  return {
    name: 'agent',
    componentType: 'component',
    async run(signal) {
      const warmth = judgeWarmth(await queryRedis(replicas, { ...asked, signal, prefix: 'redis_' }));
      const { absent, fallback, models, faultyProfiles, profileProblems } = warmth;
      const resting = models.map(({ report }) => report['resting']).filter((why) => typeof why === 'string');
      const cold = warmth.cold.filter(({ part }) => part === 'agent');
      const facts = {
        replicas: warmth.replicas,
        cold: cold.length,
        fallback,
        ...(faultyProfiles === 0 ? {} : { faulty_profiles: faultyProfiles }),
        ...(absent.length === 0 ? {} : { absent }),
        ...(resting.length === 0 ? {} : { model_failures: [...new Set(resting)].toSorted() }),
      };
      const told = models.map(({ instance, report }) => ({ instance, ...report }));
      const detail = {
        ...(cold.length === 0 ? {} : { cold: cold.map(({ instance, state }) => ({ instance, state })) }),
        ...(told.length === 0 ? {} : { models: told }),
      };
      if (warmth.replicas === 0 || cold.length > 0 || absent.length > 0)
        throw new CheckFailure('not_ready', { facts, detail });
      if (faultyProfiles > 0)
        return {
          status: 'warn',
          reason: 'profile_faulty',
          facts,
          detail: { ...detail, problems: profileProblems },
        };
      // The model provider is away: the agent answers from the profile alone.
      const report = { facts, ...(told.length === 0 ? {} : { detail: { models: told } }) };
      return fallback > 0 ? { status: 'warn', reason: 'model_fallback', ...report } : report;
    },
  };
}
