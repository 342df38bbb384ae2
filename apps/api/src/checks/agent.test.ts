import type { CheckReport } from '@prosaas/observability';
import { expect, test } from 'vitest';
import type { ServingReplica } from '../serving-replicas.ts';
import { agentCheck } from './agent.ts';

const warm = (service: string): ServingReplica => ({
  service,
  instance: `${service}:h:1`,
  report: { agent: 'warm', voice: 'warm' },
});

function run(replicas: readonly ServingReplica[]): Promise<CheckReport | void> {
  const check = agentCheck({
    redis: { status: 'ready' },
    address: 'redis:6379',
    replicas: async () => replicas,
  });
  return Promise.resolve(check.run(new AbortController().signal));
}

test('warm on every live replica that answers customers is a pass', async () => {
  expect(await run([warm('worker'), warm('calls'), warm('api')])).toEqual({
    facts: { replicas: 2, cold: 0, fallback: 0 },
  });
  expect(await run([warm('worker')])).toMatchObject({ facts: { replicas: 1 } });
});

test('without a live worker nobody answers chats, however warm the calls service is', async () => {
  await expect(run([warm('calls')])).rejects.toMatchObject({
    reason: 'not_ready',
    facts: { replicas: 1, cold: 0, absent: ['worker'] },
  });
});

test('one that is cold, and none at all, is not ready', async () => {
  const cold = { ...warm('calls'), report: { agent: 'loading' } };
  await expect(run([warm('worker'), cold])).rejects.toMatchObject({ facts: { cold: 1 } });
  await expect(run([])).rejects.toMatchObject({ facts: { replicas: 0, absent: ['worker'] } });
});

test('a replica whose profile has faults is a warning, which names them to those who may see details', async () => {
  const faulty = {
    ...warm('worker'),
    report: { agent: 'warm', fallback: true, profile_faults: 2, profile_problems: ['a fault', 'another'] },
  };
  expect(await run([faulty, warm('calls')])).toEqual({
    status: 'warn',
    reason: 'profile_faulty',
    facts: { replicas: 2, cold: 0, fallback: 1, faulty_profiles: 1 },
    detail: { problems: ['a fault', 'another'] },
  });
});
