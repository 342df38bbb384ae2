import { expect, test } from 'vitest';
import { WriteFailures } from './write-failures.ts';

const postgres = (code: string): Error => Object.assign(new Error(code), { code, severity: 'ERROR' });

test.each([
  ['25006', 'read_only'],
  ['53100', 'disk_full'],
  ['53200', 'out_of_memory'],
  ['58030', 'error'],
  ['42501', 'permission_denied'],
])('a statement that fails with %s counts for 10 s, as %s', (code, reason) => {
  const failures = new WriteFailures();
  const error = postgres(code);
  failures.failed('insert', error, 1000);
  expect(failures.recent(11_000)).toMatchObject({ reason, error });
  expect(failures.recent(11_001)).toBeUndefined();
});

test.each([
  ['a missing table', postgres('42P01')],
  ['a value that no column takes', postgres('22P02')],
  ['a lock that is held', postgres('55P03')],
  ['a server that is away', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  ['a fault of the program', new TypeError('undefined is not a function')],
])('%s does not count', (_what, error) => {
  const failures = new WriteFailures();
  failures.failed('insert', error, 0);
  expect(failures.recent(0)).toBeUndefined();
});

test('only the same statement clears a failure', () => {
  const failures = new WriteFailures();
  failures.failed('insert a', postgres('53100'), 0);
  failures.failed('insert b', postgres('25006'), 1);
  failures.succeeded('update c');
  expect(failures.recent(2)?.reason).toBe('read_only');
  failures.succeeded('insert b');
  expect(failures.recent(2)?.reason).toBe('disk_full');
  failures.succeeded('insert a');
  expect(failures.recent(2)).toBeUndefined();
});

test('a failure of one statement does not hide an outage', () => {
  const failures = new WriteFailures();
  failures.failed('insert a', postgres('53100'), 0);
  failures.failed('insert b', postgres('42501'), 1);
  expect(failures.recent(2)?.reason).toBe('disk_full');
  expect(failures.recent(10_001)?.reason).toBe('permission_denied');
});

test('recent returns the last failure', () => {
  const failures = new WriteFailures();
  failures.failed('insert a', postgres('53100'), 0);
  failures.failed('insert b', postgres('53200'), 1);
  failures.failed('insert a', postgres('25006'), 2);
  expect(failures.recent(3)?.reason).toBe('read_only');
});
