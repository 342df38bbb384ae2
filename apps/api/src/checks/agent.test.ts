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
