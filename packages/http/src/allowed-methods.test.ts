import { expect, test } from 'vitest';
import { AllowedMethods } from './allowed-methods.ts';

test.each([
  ['/healthz', '/healthz', true],
  ['/healthz', '/healthz/', false],
  ['/healthz', '/healthzz', false],
  ['/a.b', '/axb', false],
  ['/calls/:id', '/calls/CA1', true],
  ['/calls/:id', '/calls/', false],
  ['/calls/:id', '/calls/CA1/recording', false],
  ['/calls/:id(^\\d+$)', '/calls/12', true],
  ['/:session/auth/qr', '/main/auth/qr', true],
  ['/assets/*', '/assets/a/b.js', true],
  ['/assets/*', '/asset', false],
])('route %s matches path %s: %s', (route, path, matches) => {
  const methods = new AllowedMethods();
  methods.add(route, 'GET');
  expect(methods.of(path)).toEqual(matches ? ['GET'] : []);
});

test('a path allows the methods of all routes that match it', () => {
  const methods = new AllowedMethods();
  methods.add('/sessions', ['GET', 'HEAD']);
  methods.add('/sessions', 'POST');
  methods.add('/:any', 'DELETE');
  expect(methods.of('/sessions')).toEqual(['DELETE', 'GET', 'HEAD', 'POST']);
});
