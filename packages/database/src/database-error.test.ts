import { expect, test } from 'vitest';
import { classifyDatabaseError, isDatabaseOutage, isRetryableDatabaseError } from './database-error.ts';

function serverError(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error('from the server'), { code, severity });
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

test.each([
  ['a refused connection', networkError('ECONNREFUSED'), 'unavailable', 'refused'],
  [
    'every address refused',
    new AggregateError([networkError('ECONNREFUSED'), networkError('ECONNREFUSED')]),
    'unavailable',
    'refused',
  ],
  ['a shutdown', serverError('57P01', 'FATAL'), 'unavailable', 'refused'],
  ['a server that starts', serverError('57P03', 'FATAL'), 'unavailable', 'not_ready'],
  ['no connection left', serverError('53300', 'FATAL'), 'unavailable', 'refused'],
  ['a wrong password', serverError('28P01', 'FATAL'), 'unavailable', 'refused'],
  ['an ended session', serverError('25P03', 'FATAL'), 'unavailable', 'refused'],
  ['a broken connection', new Error('Connection terminated unexpectedly'), 'unavailable', 'refused'],
  [
    'a pool that cannot connect',
    new Error('timeout exceeded when trying to connect'),
    'unavailable',
    'timeout',
  ],
  ['a frozen server', new Error('Query read timeout'), 'unavailable', 'timeout'],
  ['a full disk', serverError('53100'), 'cannot_write', 'disk_full'],
  ['a server out of memory', serverError('53200'), 'cannot_write', 'out_of_memory'],
  ['a read-only server', serverError('25006'), 'cannot_write', 'read_only'],
  ['an I/O error of the server', serverError('58030'), 'cannot_write', 'error'],
  ['a statement over its time limit', serverError('57014'), 'busy', 'timeout'],
  ['a lock that was not granted', serverError('55P03'), 'busy', 'timeout'],
  ['a deadlock', serverError('40P01'), 'busy', 'error'],
  ['a missing table', serverError('42P01'), 'mismatch', 'error'],
  ['a renamed column', serverError('42703'), 'mismatch', 'error'],
  ['a revoked grant', serverError('42501'), 'mismatch', 'permission_denied'],
  ['a unique violation', serverError('23505'), 'conflict', 'error'],
  ['a NUL in a text', serverError('22021'), 'invalid_data', 'error'],
  ['an error of no known class', serverError('XX000'), 'other', 'error'],
])('%s is %s', (_what, error, kind, reason) => {
  expect(classifyDatabaseError(error)).toEqual({ kind, reason });
  expect(isDatabaseOutage(error)).toBe(kind === 'unavailable' || kind === 'cannot_write');
  expect(isRetryableDatabaseError(error)).toBe(kind !== 'invalid_data' && kind !== 'conflict');
});

test.each([
  ['a fault of the program', new TypeError('undefined is not a function')],
  [
    'another service that is away',
    new Error('the other service did not answer', { cause: networkError('ECONNREFUSED') }),
  ],
  [
    'one address of several with another error',
    new AggregateError([networkError('ECONNREFUSED'), new Error('no')]),
  ],
  ['nothing', undefined],
])('%s is not an error of the database', (_what, error) => {
  expect(classifyDatabaseError(error)).toBeUndefined();
  expect(isDatabaseOutage(error)).toBe(false);
  expect(isRetryableDatabaseError(error)).toBe(false);
});
