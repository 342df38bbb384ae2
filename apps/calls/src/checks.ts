import { redisReady } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import type { Agent, Voice } from '@prosaas/agentkit';
import type { DatabaseProbe } from '@prosaas/database';
import { readSlotTotals } from '@prosaas/leases';
import {
  type CheckDefinition,
  CheckFailure,
  type ProbeDefinition,
  type ProbeReport,
} from '@prosaas/observability';

export interface CheckParts {
  /** A connection of its own: a hung Redis must not be waited for twice. */
  redis: Redis;
  /** The connection that takes calls. It comes back when it does: Redis may answer a probe before it answers a caller. */
  serving: Pick<Redis, 'status'>;
  /** Of the pool of slots. */
  slotsKey: string;
  database: DatabaseProbe;
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
  let connected = false;
  return [
    {
      name: 'redis',
      componentType: 'datastore',
      run: async (signal) => {
        // The first run comes before the connection.
        if (redis.status === 'connecting' && !connected) await redisReady(redis, signal);
        const { active } = await readSlotTotals(redis, slotsKey);
        connected = true;
        if (serving.status !== 'ready')
          throw new CheckFailure('not_ready', { facts: { active_calls: active } });
        return { facts: { active_calls: active } };
      },
    },
    {
      name: 'database',
      componentType: 'datastore',
      component: 'postgres',
      run: (signal) => database.ping(signal),
    },
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
