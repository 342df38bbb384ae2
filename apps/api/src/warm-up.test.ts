import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import type { ServingReplica } from './serving-status.ts';
import { WarmUp } from './warm-up.ts';

const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });

function replica(service: string, report: ServingReplica['report']): ServingReplica {
  return { service, instance: `${service}:host:1`, report };
}

function warmUp(replicas: ServingReplica[], options: { waitMs?: number; onRequest?: () => void } = {}) {
  const counts = { reads: 0, requests: 0 };
  const run = new WarmUp({
    replicas: async () => {
      counts.reads += 1;
      return replicas;
    },
    requestWarmUp: async () => {
      counts.requests += 1;
      options.onRequest?.();
    },
    log,
    waitMs: options.waitMs ?? 10_000,
    everyMs: 1,
  });
  return { run, counts };
}

test('does not request a warm-up if all replicas are warm', async () => {
  const { run, counts } = warmUp([replica('worker', { agent: 'warm', voice: 'warm' })]);
  expect(await run.run()).toMatchObject({ replicas: 1, cold: [] });
  expect(counts).toEqual({ reads: 1, requests: 0 });
});

test('requests one warm-up for any number of callers, and all get its result', async () => {
  const replicas = [replica('worker', { agent: 'cold' }), replica('calls', { agent: 'warm', voice: 'cold' })];
  const { run, counts } = warmUp(replicas, {
    onRequest: () => {
      replicas[0] = replica('worker', { agent: 'warm' });
      replicas[1] = replica('calls', { agent: 'warm', voice: 'warm' });
    },
  });
  const results = await Promise.all(Array.from({ length: 100 }, () => run.run()));
  expect(results.every(({ cold }) => cold.length === 0)).toBe(true);
  expect(counts.requests).toBe(1);
});

test('lists the parts that are still cold after the wait', async () => {
  const { run } = warmUp([replica('worker', { agent: 'warm' }), replica('calls', { agent: 'loading' })], {
    waitMs: 5,
  });
  expect((await run.run()).cold).toEqual([
    { service: 'calls', instance: 'calls:host:1', part: 'agent', state: 'loading' },
    { service: 'calls', instance: 'calls:host:1', part: 'voice', state: 'unknown' },
  ]);
});

test('does not wait for replicas that serve no customers', async () => {
  const { run, counts } = warmUp([replica('api', {}), replica('baileys', {})]);
  expect(await run.run()).toMatchObject({ replicas: 0 });
  expect(counts.requests).toBe(0);
});

test('answers waiting callers when the service shuts down', async () => {
  const { run } = warmUp([replica('worker', { agent: 'loading' })], {
    onRequest: () => run[Symbol.dispose](),
  });
  expect((await run.run()).cold).toHaveLength(1);
});
