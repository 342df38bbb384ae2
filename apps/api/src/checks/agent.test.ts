import type { CheckReport } from '@prosaas/observability';
import { expect, test } from 'vitest';
import type { ServingReplica } from '../serving-status.ts';
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

test('passes if every live replica that answers customers is warm', async () => {
  expect(await run([warm('worker'), warm('calls'), warm('api')])).toEqual({
    facts: { replicas: 2, cold: 0, fallback: 0 },
  });
  expect(await run([warm('worker')])).toMatchObject({ facts: { replicas: 1 } });
});

test('fails without a live worker, even if the calls service is warm', async () => {
  await expect(run([warm('calls')])).rejects.toMatchObject({
    reason: 'not_ready',
    facts: { replicas: 1, cold: 0, absent: ['worker'] },
  });
});

test('shows the reports on the model, and why a replica does not use it', async () => {
  const model = {
    resting: null,
    calls: 3,
    failed: 0,
    failures: {},
    last_ms: 80,
    prompt_tokens: 9,
    completion_tokens: 4,
  };
  const worker = { ...warm('worker'), report: { ...warm('worker').report, fallback: false, model } };
  expect(await run([worker])).toEqual({
    facts: { replicas: 1, cold: 0, fallback: 0 },
    detail: { models: [{ instance: 'worker:h:1', ...model }] },
  });
  const resting = { ...model, resting: 'quota', failed: 3, failures: { quota: 3 } };
  const calls = { ...warm('calls'), report: { ...warm('calls').report, fallback: true, model: resting } };
  expect(await run([worker, calls])).toMatchObject({
    status: 'warn',
    reason: 'model_fallback',
    facts: { fallback: 1, model_failures: ['quota'] },
    detail: { models: [{ calls: 3 }, { instance: 'calls:h:1', resting: 'quota', failures: { quota: 3 } }] },
  });
});

test('fails if a replica is cold, or if there is none', async () => {
  const cold = { ...warm('calls'), report: { agent: 'loading' } };
  await expect(run([warm('worker'), cold])).rejects.toMatchObject({ facts: { cold: 1 } });
  await expect(run([])).rejects.toMatchObject({ facts: { replicas: 0, absent: ['worker'] } });
});

test('warns of a faulty profile, with its faults in the details', async () => {
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
