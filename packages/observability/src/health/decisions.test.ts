import { expect, test } from 'vitest';
import { wantsHealthJson } from '../http/accept.ts';
import { CheckFailure } from './check.ts';
import { classifyError } from './classify-error.ts';
import { type Steadiness, settle } from './steadiness.ts';

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

test.each([
  ['the first result decides', 'b', 'b'],
  ['two bad results do not turn it', 'gbb', 'ggg'],
  ['three do', 'gbbb', 'gggb'],
  ['three that are not in a row do not', 'gbbgbb', 'gggggg'],
  ['one good result does not turn it back', 'bg', 'bb'],
  ['two do', 'bgg', 'bbg'],
  ['two that are not in a row do not', 'bgbgb', 'bbbbb'],
])('readiness: %s', (_what, results, expected) => {
  let state: Steadiness | undefined;
  const states = Array.from(results, (result) => {
    state = settle(state, result === 'g', { bad: 3, good: 2 });
    return state.ok ? 'g' : 'b';
  });
  expect(states.join('')).toBe(expected);
});

test.each([
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['application/health+json', true],
  ['text/html, application/health+json;q=0.8', true],
  ['Application/Health+JSON', true],
  ['application/health+json;q=0', false],
  ['application/health+json, */*', true],
  ['application/health+json;q=0.9, */*;q=0.8', true],
  ['application/health+json;q=0.5, */*', false],
  ['application/json, application/health+json;q=0.5', false],
  ['application/json;q=0.5, application/*;q=0.9, application/health+json;q=0.6', true],
  ['application/health+json;q=0.6, application/*;q=0.9', false],
  ['application/health+json;q=1.5', false],
])('Accept: %s asks for health+json: %s', (accept, wants) => {
  expect(wantsHealthJson(accept, 'application/json; charset=utf-8')).toBe(wants);
});
