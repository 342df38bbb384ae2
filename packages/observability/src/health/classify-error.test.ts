import { expect, test } from 'vitest';
import { CheckFailure } from './check.ts';
import { classifyError } from './classify-error.ts';

const coded = (code: string, message = ''): Error => Object.assign(new Error(message), { code });

test.each([
  [new CheckFailure('pending_migrations'), 'pending_migrations'],
  [coded('ECONNREFUSED'), 'refused'],
  [coded('ENOTFOUND'), 'refused'],
  [new AggregateError([coded('ECONNREFUSED')]), 'refused'],
  [new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }), 'refused'],
  [new DOMException('The operation was aborted', 'AbortError'), 'timeout'],
  [new Error('Command timed out'), 'timeout'],
  [new Error('timeout exceeded when trying to connect'), 'timeout'],
  [new Error('LOADING Redis is loading the dataset in memory'), 'not_ready'],
  [new Error('NOREPLICAS Not enough good replicas to write.'), 'not_ready'],
  [new Error("READONLY You can't write against a read only replica."), 'read_only'],
  [new Error("OOM command not allowed when used memory > 'maxmemory'."), 'out_of_memory'],
  [new Error('MISCONF Errors writing to the AOF file: No space left on device'), 'append_failed'],
  [new Error('NOAUTH Authentication required.'), 'refused'],
  [new Error("Stream isn't writeable and enableOfflineQueue options is false"), 'refused'],
  [new Error('Connection is closed.'), 'refused'],
  [new Error('Connection terminated unexpectedly'), 'refused'],
  [new Error('something else'), 'error'],
  ['not even an error', 'error'],
])('the code for %s is %s', (error, reason) => {
  expect(classifyError(error)).toBe(reason);
});
