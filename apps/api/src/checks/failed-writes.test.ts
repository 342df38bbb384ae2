import { expect, test } from 'vitest';
import { findFailedWrites } from './failed-writes.ts';

const replica = (
  service: string,
  reason: unknown,
): { service: string; report: { write_failure: never } } => ({
  service,
  report: { write_failure: reason as never },
});

test('lists each service once, with the reason of one of them', () => {
  const replicas = [
    replica('api', null),
    replica('worker', 'disk_full'),
    replica('worker', 'read_only'),
    replica('calls', 'disk_full'),
  ];
  expect(findFailedWrites(replicas)).toEqual({ reason: 'disk_full', services: ['worker', 'calls'] });
  expect(findFailedWrites(replicas, (service) => service === 'calls')).toEqual({
    reason: 'disk_full',
    services: ['calls'],
  });
  expect(findFailedWrites(replicas, (service) => service === 'api')).toBeUndefined();
});

test('reports an outage rather than a failed statement', () => {
  const replicas = [replica('calls', 'permission_denied'), replica('worker', 'disk_full')];
  expect(findFailedWrites(replicas)).toEqual({ reason: 'disk_full', services: ['calls', 'worker'] });
});

test.each([[undefined], [null], [7], ['not a code'], ['x'.repeat(50)]])(
  'ignores %j as a reason',
  (reason) => {
    expect(findFailedWrites([replica('worker', reason)])).toBeUndefined();
  },
);
