import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { type QueriedRedis, queryRedis } from '@prosaas/telemetry';
import { type ServingReplica, servingStatusOf } from '../serving-status.ts';

/** The agent is loaded and can answer on every live replica that answers customers, and there is a live worker. */
export function agentCheck({
  replicas,
  ...queriedRedis
}: QueriedRedis & {
  replicas: () => Promise<readonly ServingReplica[]>;
}): CheckDefinition {
  return {
    name: 'agent',
    componentType: 'component',
    async run(signal) {
      const serving = servingStatusOf(
        await queryRedis(replicas, { ...queriedRedis, signal, prefix: 'redis_' }),
      );
      const { absent, fallback, models, faultyProfiles, profileProblems } = serving;
      const resting = models.map(({ report }) => report['resting']).filter((why) => typeof why === 'string');
      const cold = serving.cold.filter(({ part }) => part === 'agent');
      const facts = {
        replicas: serving.replicas,
        cold: cold.length,
        fallback,
        ...(faultyProfiles === 0 ? {} : { faulty_profiles: faultyProfiles }),
        ...(absent.length === 0 ? {} : { absent }),
        ...(resting.length === 0 ? {} : { model_failures: [...new Set(resting)].toSorted() }),
      };
      const modelReports = models.map(({ instance, report }) => ({ instance, ...report }));
      const detail = {
        ...(cold.length === 0 ? {} : { cold: cold.map(({ instance, state }) => ({ instance, state })) }),
        ...(modelReports.length === 0 ? {} : { models: modelReports }),
      };
      if (serving.replicas === 0 || cold.length > 0 || absent.length > 0)
        throw new CheckFailure('not_ready', { facts, detail });
      if (faultyProfiles > 0)
        return {
          status: 'warn',
          reason: 'profile_faulty',
          facts,
          detail: { ...detail, problems: profileProblems },
        };
      // The model provider does not answer: the agent answers from the profile alone.
      const report = { facts, ...(modelReports.length === 0 ? {} : { detail: { models: modelReports } }) };
      return fallback > 0 ? { status: 'warn', reason: 'model_fallback', ...report } : report;
    },
  };
}
