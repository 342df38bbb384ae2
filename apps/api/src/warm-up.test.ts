import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import type { ServingReplica } from './serving-replicas.ts';
import { WarmUp } from './warm-up.ts';

const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });

function replica(service: string, report: ServingReplica['report']): ServingReplica {
  return { service, instance: `${service}:host:1`, report };
}

function warmUp(replicas: ServingReplica[], options: { waitMs?: number; onAsk?: () => void } = {}) {
  const seen = { looks: 0, asks: 0 };
  const run = new WarmUp({
    replicas: async () => {
      seen.looks += 1;
      return replicas;
    },
    ask: async () => {
      seen.asks += 1;
      options.onAsk?.();
    },
    log,
    waitMs: options.waitMs ?? 10_000,
    everyMs: 1,
  });
  return { run, seen };
}

test('nothing is asked of replicas that are warm', async () => {
  const { run, seen } = warmUp([replica('worker', { agent: 'warm', voice: 'warm' })]);
  expect(await run.run()).toMatchObject({ replicas: 1, cold: [] });
  expect(seen).toEqual({ looks: 1, asks: 0 });
});

test('cold replicas are asked once whatever the number of callers, and all callers get the end', async () => {
  const replicas = [replica('worker', { agent: 'cold' }), replica('calls', { agent: 'warm', voice: 'cold' })];
  const { run, seen } = warmUp(replicas, {
    onAsk: () => {
      replicas[0] = replica('worker', { agent: 'warm' });
      replicas[1] = replica('calls', { agent: 'warm', voice: 'warm' });
    },
  });
  const ends = await Promise.all(Array.from({ length: 100 }, () => run.run()));
  expect(ends.every(({ cold }) => cold.length === 0)).toBe(true);
  expect(seen.asks).toBe(1);
});

test('what stays cold is named when the time is over', async () => {
  const { run } = warmUp([replica('worker', { agent: 'warm' }), replica('calls', { agent: 'loading' })], {
    waitMs: 5,
  });
  expect((await run.run()).cold).toEqual([
    { service: 'calls', instance: 'calls:host:1', part: 'agent', state: 'loading' },
    { service: 'calls', instance: 'calls:host:1', part: 'voice', state: 'unknown' },
  ]);
});

test('replicas that serve no customers are not waited for', async () => {
  const { run, seen } = warmUp([replica('api', {}), replica('baileys', {})]);
  expect(await run.run()).toMatchObject({ replicas: 0 });
  expect(seen.asks).toBe(0);
});

test('a caller that waits is let go when the service ends', async () => {
  const { run } = warmUp([replica('worker', { agent: 'loading' })], { onAsk: () => run[Symbol.dispose]() });
  expect((await run.run()).cold).toHaveLength(1);
});
