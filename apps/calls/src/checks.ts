import type { Redis } from 'ioredis';
import { type Agent, type ProfileStore, type Voice, modelReport } from '@prosaas/agentkit';
import { readSlotTotals } from '@prosaas/leases';
import {
  type CheckDefinition,
  CheckFailure,
  type ProbeDefinition,
  type ProbeReport,
} from '@prosaas/observability';
import {
  type DatabaseCheckOptions,
  type RedisCheckOptions,
  queryRedis,
  databaseCheck,
  redisCheck,
} from '@prosaas/telemetry';
import type { Phrases } from './phrases.ts';
import type { PublicUrlProblem } from './public-url.ts';
import type { SignatureProblem } from './webhook-refusals.ts';

type ProviderProblem = 'auth_token_missing' | PublicUrlProblem | SignatureProblem;

export interface CheckParts {
  redis: RedisCheckOptions;
  /** The connection that serves calls. It may reconnect later than the probe's connection. */
  serving: Pick<Redis, 'status'>;
  /** Key prefix of the slot pool. */
  slotsKey: string;
  database: DatabaseCheckOptions;
  agent: Agent;
  profile: Pick<ProfileStore, 'status'>;
  voice: Voice;
  phrases: Pick<Phrases, 'unspoken'>;
  /** What is wrong with how the provider reaches this service, according to settings or refused requests. */
  providerProblem: () => ProviderProblem | undefined;
}

export function callsChecks({
  redis,
  serving,
  slotsKey,
  database,
  agent,
  profile,
  voice,
  providerProblem,
  phrases,
}: CheckParts): CheckDefinition[] {
  const redisAnswers = redisCheck(redis);
  return [
    {
      ...redisAnswers,
      run: async (signal) => {
        const report = await redisAnswers.run(signal);
        const { active } = await queryRedis(() => readSlotTotals(redis.redis, slotsKey), {
          ...redis,
          signal,
        });
        const facts = { active_calls: active };
        if (serving.status !== 'ready') throw new CheckFailure('not_ready', { facts });
        return { ...report, facts };
      },
    },
    databaseCheck(database),
    {
      name: 'agent',
      componentType: 'component',
      run: () => {
        const { state, fallback, model } = agent.status();
        if (state === 'failed') throw new CheckFailure('failed');
        if (state !== 'warm') return { status: 'warn', reason: state };
        const { problems } = profile.status();
        if (problems.length > 0)
          return {
            status: 'warn',
            reason: 'profile_faulty',
            facts: { profile_faults: problems.length },
            detail: { problems },
          };
        const report = model && {
          facts: model.resting === undefined ? {} : { model_failures: [model.resting] },
          detail: { model: modelReport(model) },
        };
        // The agent probes the model by itself, so this warning also ends without a call.
        return fallback ? { status: 'warn', reason: 'model_fallback', ...report } : report;
      },
    },
    {
      name: 'voice',
      componentType: 'component',
      run: () => {
        const { state } = voice.status();
        if (state === 'failed') throw new CheckFailure('failed');
        const phrasesUnspoken = phrases.unspoken();
        if (phrasesUnspoken.length > 0)
          throw new CheckFailure('cannot_speak', { facts: { phrases: phrasesUnspoken } });
        return state === 'warm' ? undefined : { status: 'warn', reason: state };
      },
    },
    {
      name: 'provider',
      componentType: 'system',
      run: () => {
        const problem = providerProblem();
        return problem && { status: 'warn', reason: problem, facts: { mend: remedies[problem] } };
      },
    },
  ];
}

/** What to do about each problem. Public, so it names settings and not their values. */
const remedies: Readonly<Record<ProviderProblem, string>> = {
  auth_token_missing: 'set TWILIO_AUTH_TOKEN',
  public_url_not_https: 'set PUBLIC_URL to an https address: media streams need TLS',
  public_url_not_public: 'set PUBLIC_URL to the address at which the provider reaches this service',
  signature_invalid:
    'set PUBLIC_URL to the address that the provider calls, up to /webhook, and TWILIO_AUTH_TOKEN to the primary auth token of its account',
  signature_missing:
    'let the proxy in front pass X-Twilio-Signature on, unless somebody other than the provider calls the webhooks',
};

const unhealthy = ({ checks }: ProbeReport): object => ({ status: 'unhealthy', checks });

export function callsProbes(): ProbeDefinition[] {
  const shown = ['database', 'agent', 'voice', 'provider'];
  return [
    {
      path: '/health',
      name: 'health',
      required: ['redis'],
      shown,
      body: {
        pass: (report) => ({ status: 'healthy', active_calls: report.facts('redis')['active_calls'] }),
        fail: unhealthy,
      },
    },
    {
      path: '/readyz',
      name: 'readyz',
      required: ['redis'],
      shown,
      hysteresis: { failureThreshold: 3, successThreshold: 2 },
      failsWhileDraining: true,
      body: {
        pass: ({ checks }) => ({ ready: true, checks }),
        fail: ({ checks }) => ({ ready: false, checks }),
      },
    },
  ];
}
