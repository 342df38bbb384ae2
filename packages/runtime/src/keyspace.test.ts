import { expect, test } from 'vitest';
import { keyspace } from './keyspace.ts';

test('every key carries the hash tag of its namespace', () => {
  const keys = keyspace('prosaas');
  expect(keys.key('calls', 'slots')).toBe('{prosaas}:calls:slots');
  expect(keys.bullPrefix).toBe('{prosaas}');
});

test('the heartbeat has its documented name in the default namespace, and a prefix in any other', () => {
  expect(keyspace('prosaas').heartbeat).toBe('worker:heartbeat');
  expect(keyspace('second').heartbeat).toBe('second:worker:heartbeat');
});
