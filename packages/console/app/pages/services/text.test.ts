import { expect, test } from 'vitest';
import type { Replica } from '../../lib/live-values.ts';
import { clockText, groupByService, heartbeatText, isMissing, summaryOf, versionsOf } from './text.ts';

const replica = (changes: Partial<Replica>): Replica => ({
  service: 'api',
  instance: 'api-1',
  host: 'h',
  pid: 1,
  state: 'live',
  silent_seconds: 0,
  started_at: null,
  version: '1.0.0',
  build: 4,
  commit: null,
  event_loop_delay_p99_seconds: null,
  resident_memory_bytes: null,
  heap_used_bytes: null,
  clock_ahead_seconds: 0,
  log_level: 'INFO',
  heartbeat: null,
  ...changes,
});
const beats = { state: 'live', age_seconds: 1, last_job_at: null, queues: ['a', 'b'], failing: {} };

test('groups replicas by service, those with a problem first', () => {
  const groups = groupByService([
    replica({ service: 'worker', instance: 'w-1', heartbeat: beats }),
    replica({ service: 'worker', instance: 'w-2', heartbeat: { ...beats, failing: { a: 'stuck' } } }),
    replica({ instance: 'api-2', state: 'lost' }),
    replica({}),
  ]);
  expect(
    groups.map(({ service, replicas }) => [service, ...replicas.map(({ instance }) => instance)]),
  ).toEqual([['api', 'api-2', 'api-1'], ['baileys'], ['calls'], ['worker', 'w-2', 'w-1']]);
  expect(summaryOf(groups[0]!.replicas)).toBe('1 live, 1 lost');
});

test('a service without a replica is shown as missing', () => {
  const [api, baileys] = groupByService([replica({})]);
  expect([isMissing(api!), isMissing(baileys!)]).toEqual([false, true]);
  expect(summaryOf(baileys!.replicas)).toMatch(/^no replica/);
});

test('the version of a lost replica does not count as running', () => {
  expect(versionsOf([replica({}), replica({ version: '0.9.0', state: 'lost' })])).toEqual([
    '1.0.0 (build 4)',
  ]);
  expect(versionsOf([replica({}), replica({ build: 5 })])).toHaveLength(2);
  expect(versionsOf([replica({}), replica({ version: null, build: null })])).toHaveLength(1);
});

test('describes clocks and heartbeats', () => {
  expect([0, 3.2, -4].map(clockText)).toEqual(['in step', '3 s ahead', '4 s behind']);
  expect(heartbeatText({ heartbeat: beats })).toBe('working, takes jobs from 2 queues');
  expect(heartbeatText({ heartbeat: { ...beats, state: 'never_beat' } })).toBe('not working yet');
});
