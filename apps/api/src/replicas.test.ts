import type { ReplicaHeartbeat, ReplicaStatus } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { describeReplicas } from './replicas.ts';

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
  ['a replica that reports', replica('api'), undefined, 'live'],
  ['a silent replica', replica('api', { silentSeconds: 5.1 }), undefined, 'stale'],
  [
    'a replica whose report has expired',
    replica('api', { state: 'lost', silentSeconds: 11 }),
    undefined,
    'lost',
  ],
  [
    'a replica that was lost while it drained',
    replica('api', { state: 'lost', ...draining }),
    undefined,
    'lost',
  ],
  ['a draining replica', replica('api', draining), undefined, 'draining'],
  ['a worker with a recent heartbeat', replica('worker'), beat(30), 'live'],
  ['a worker with an old heartbeat', replica('worker'), beat(90.1), 'stale'],
  ['a worker that never sent a heartbeat', replica('worker'), beat(null, { state: 'never_beat' }), 'stale'],
  ['a worker without a heartbeat record', replica('worker'), undefined, 'stale'],
  [
    'a worker that has just started',
    replica('worker', { report: { ...report, uptime_seconds: 20 } }),
    undefined,
    'live',
  ],
  ['a draining worker', replica('worker', draining), beat(95), 'draining'],
  ['a replica of another build, which reports less', replica('api', { report: {} }), undefined, 'live'],
])('%s', (_case, status, heartbeat, state) => {
  expect(describeReplicas([status], { replicas: heartbeat ? [heartbeat] : [] })).toMatchObject([
    { instance: status.instance, state, heartbeat: heartbeat ?? null },
  ]);
});

test('ignores a report in another form', () => {
  const [info] = describeReplicas([replica('api', { report: { ...report, version: 7 } })], { replicas: [] });
  expect(info?.facts).toBeNull();
});
