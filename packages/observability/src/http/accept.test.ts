import { expect, test } from 'vitest';
import { wantsHealthJson } from './accept.ts';

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
