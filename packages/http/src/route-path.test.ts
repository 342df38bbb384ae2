import { expect, test } from 'vitest';
import { routePath } from './route-path.ts';

test.each<[string, Record<string, unknown>, Parameters<typeof routePath>[2], string]>([
  ['/api/sendText', {}, undefined, '/api/sendText'],
  ['/api/:session/auth/qr', { session: 'main' }, { format: 'raw' }, '/api/main/auth/qr?format=raw'],
  ['/api/sessions/:session', { session: 'a/../b' }, {}, '/api/sessions/a%2F..%2Fb'],
  ['/api/sessions/:session', { session: 'a?x=1#y' }, {}, '/api/sessions/a%3Fx%3D1%23y'],
  ['/api/sessions/:session/stop', { session: '//evil' }, {}, '/api/sessions/%2F%2Fevil/stop'],
  ['/api/sessions', {}, { a: 'x&b=y', none: undefined }, '/api/sessions?a=x%26b%3Dy'],
])('%s with parameters %j and query %j is %s', (pattern, params, query, path) => {
  expect(routePath(pattern, params, query)).toBe(path);
  expect(new URL(path, 'http://owner:3300').origin).toBe('http://owner:3300');
});

test.each([undefined, '', '.', '..', 7])('%s is not a valid path segment', (session) => {
  expect(() => routePath('/api/sessions/:session', { session })).toThrow(TypeError);
});
