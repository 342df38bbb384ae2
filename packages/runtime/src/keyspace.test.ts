import { expect, test } from 'vitest';
import { keyspace } from './keyspace.ts';

test('every key of a namespace carries its one hash tag', () => {
  const keys = keyspace('prosaas');
  expect(keys.key('calls', 'slots')).toBe('{prosaas}:calls:slots');
  expect(keys.bullPrefix).toBe('{prosaas}');
});

test('the heartbeat has its published name, and another one only in a namespace of its own', () => {
  expect(keyspace('prosaas').heartbeat).toBe('worker:heartbeat');
  expect(keyspace('second').heartbeat).toBe('second:worker:heartbeat');
});
