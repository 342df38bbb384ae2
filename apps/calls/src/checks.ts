import type { Redis } from 'ioredis';
import type { Agent, Voice } from '@prosaas/agentkit';
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
  askRedis,
  databaseCheck,
  redisCheck,
} from '@prosaas/telemetry';

export interface CheckParts {
  redis: RedisCheckOptions;
  /** The connection that takes calls. It comes back when it does: Redis may answer a probe before it answers a caller. */
  serving: Pick<Redis, 'status'>;
  /** Of the pool of slots. */
  slotsKey: string;
  database: DatabaseCheckOptions;
  agent: Agent;
  voice: Voice;
  hasAuthToken: boolean;
}

export function callsChecks({
  redis,
  serving,
  slotsKey,
  database,
  agent,
  voice,
  hasAuthToken,
}: CheckParts): CheckDefinition[] {
  const redisAnswers = redisCheck(redis);
  return [
    {
      ...redisAnswers,
      run: async (signal) => {
        const report = await redisAnswers.run(signal);
        const { active } = await askRedis(() => readSlotTotals(redis.redis, slotsKey), { ...redis, signal });
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
        const { state, fallback } = agent.status();
        if (state === 'failed') throw new CheckFailure('failed');
        if (state !== 'warm') return { status: 'warn', reason: state };
        return fallback ? { status: 'warn', reason: 'model_fallback' } : undefined;
      },
    },
    {
      name: 'voice',
      componentType: 'component',
      run: () => {
        const { state } = voice.status();
        if (state === 'failed') throw new CheckFailure('failed');
        return state === 'warm' ? undefined : { status: 'warn', reason: state };
      },
    },
    {
      name: 'provider',
      componentType: 'system',
      run: () => (hasAuthToken ? undefined : { status: 'warn', reason: 'auth_token_missing' }),
    },
  ];
}

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
      hysteresis: { bad: 3, good: 2 },
      failsWhileDraining: true,
      body: {
        pass: ({ checks }) => ({ ready: true, checks }),
        fail: ({ checks }) => ({ ready: false, checks }),
      },
    },
  ];
}
