import { expect, test } from 'vitest';
import { refreshRequest } from './use-list.ts';

test.each([
  ['api/calls', 0, 'api/calls', 50],
  ['api/calls', 50, 'api/calls', 50],
  ['api/calls', 80, 'api/calls?limit=80', 80],
  ['api/calls?live=true', 900, 'api/calls?live=true&limit=200', 200],
  ['api/calls?limit=20&live=true', 20, 'api/calls?limit=20&live=true', 20],
  ['api/calls?limit=20&live=true', 40, 'api/calls?limit=40&live=true', 40],
])('%s with %d items shown is refreshed by %s', (path, shown, target, limit) => {
  expect(refreshRequest(path, shown)).toEqual({ target, limit });
});
