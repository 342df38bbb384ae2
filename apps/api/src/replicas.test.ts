import type { ReplicaHeartbeat, ReplicaStatus } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { judgeReplicas } from './replicas.ts';

const report = {
  version: '1.0.0',
  build: 3,
  commit: 'abc',
  log_level: 'info',
  draining: false,
  uptime_seconds: 600,
  resident_memory_bytes: 5,
  heap_used_bytes: 4,
  event_loop_delay_p99_seconds: 0.1,
};
const replica = (service: string, more: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  service,
  instance: `${service}:h:1`,
  host: 'h',
  pid: 1,
  startedAt: 1_700_000_000,
  state: 'live',
  silentSeconds: 0.5,
  clockAheadSeconds: 0,
  report,
  ...more,
});
const beat = (age: number | null, more: Partial<ReplicaHeartbeat> = {}): ReplicaHeartbeat => ({
  instance: 'worker:h:1',
  host: 'h',
  pid: 1,
  started_at: 1,
  beat_at: age,
  last_job_at: null,
  queues: {},
  clock_ahead_seconds: 0,
  state: 'live',
  age_seconds: age,
  ...more,
});
const draining = { report: { ...report, draining: true } };

test.each<[string, ReplicaStatus, ReplicaHeartbeat | undefined, string]>([
  ['one that speaks', replica('api'), undefined, 'live'],
  ['one that is silent', replica('api', { silentSeconds: 5.1 }), undefined, 'stale'],
  [
    'one whose word is worth no more',
    replica('api', { state: 'lost', silentSeconds: 11 }),
    undefined,
    'lost',
  ],
  [
    'one that ended in the middle of draining',
    replica('api', { state: 'lost', ...draining }),
    undefined,
    'lost',
  ],
  ['one that ends', replica('api', draining), undefined, 'draining'],
  ['a worker that beats', replica('worker'), beat(30), 'live'],
  ['a worker that ceased to beat', replica('worker'), beat(90.1), 'stale'],
  ['a worker that never beat', replica('worker'), beat(null, { state: 'never_beat' }), 'stale'],
  ['a worker that wrote nothing', replica('worker'), undefined, 'stale'],
  [
    'a worker that has just started',
    replica('worker', { report: { ...report, uptime_seconds: 20 } }),
    undefined,
    'live',
  ],
  ['a worker that ends', replica('worker', draining), beat(95), 'draining'],
  ['one of another build, which tells less', replica('api', { report: {} }), undefined, 'live'],
])('%s', (_what, seen, heartbeat, state) => {
  expect(judgeReplicas([seen], { replicas: heartbeat ? [heartbeat] : [] })).toMatchObject([
    { instance: seen.instance, state, heartbeat: heartbeat ?? null },
  ]);
});

test('what a replica of another build says in another form is not taken', () => {
  const [seen] = judgeReplicas([replica('api', { report: { ...report, version: 7 } })], { replicas: [] });
  expect(seen?.facts).toBeNull();
});
