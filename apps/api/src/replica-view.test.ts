import type { ReplicaStatus } from '@prosaas/observability';
import { afterEach, expect, test, vi } from 'vitest';
import { ReplicaView } from './replica-view.ts';

const replica = (instance: string, state: ReplicaStatus['state']): ReplicaStatus => ({
  service: 'worker',
  instance,
  host: 'h',
  pid: 1,
  startedAt: 0,
  state,
  silentSeconds: 0,
  clockAheadSeconds: 0,
  report: {},
});

afterEach(() => {
  vi.useRealTimers();
});

test('keeps the live replicas of the last reading for 10 s', async () => {
  const clock = vi.useFakeTimers();
  let list = async (): Promise<ReplicaStatus[]> => [replica('a', 'live'), replica('b', 'lost')];
  const view = new ReplicaView(() => list());
  expect(view.last()).toEqual([]);
  expect(await view.read()).toEqual([replica('a', 'live')]);
  list = () => Promise.reject(new Error('Redis is away'));
  await expect(view.read()).rejects.toThrow('Redis is away');
  clock.advanceTimersByTime(10_000);
  expect(view.last()).toEqual([replica('a', 'live')]);
  clock.advanceTimersByTime(1);
  expect(view.last()).toEqual([]);
});
