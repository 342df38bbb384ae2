import pg from 'pg';
import { expect, test } from 'vitest';
import { isDatabaseAway } from './database-away.ts';

function serverError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('told by the server', 0, 'error');
  error.code = code;
  return error;
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

test.each([
  ['a refused connection', networkError('ECONNREFUSED')],
  ['every address refused', new AggregateError([networkError('ECONNREFUSED'), networkError('ECONNREFUSED')])],
  ['a shutdown', serverError('57P01')],
  ['a server that starts', serverError('57P03')],
  ['no connection left', serverError('53300')],
  ['a full disk', serverError('53100')],
  ['a primary that became a standby', serverError('25006')],
  ['a connection cut off', new Error('Connection terminated unexpectedly')],
  ['a pool that can not connect', new Error('timeout exceeded when trying to connect')],
  ['a server that stands still', new Error('Query read timeout')],
])('%s means that the database is away', (_what, error) => {
  expect(isDatabaseAway(error)).toBe(true);
});

test.each([
  ['a statement over its time limit', serverError('57014')],
  ['a table that is missing', serverError('42P01')],
  ['a unique violation', serverError('23505')],
  ['a fault of the program', new TypeError('undefined is not a function')],
  [
    'another service that is away',
    new Error('the other service did not answer', { cause: networkError('ECONNREFUSED') }),
  ],
])('%s does not mean that the database is away', (_what, error) => {
  expect(isDatabaseAway(error)).toBe(false);
});
