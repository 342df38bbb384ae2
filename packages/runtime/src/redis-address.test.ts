import { expect, test } from 'vitest';
import { parseRedisUrl } from './redis-address.ts';

test.each([
  ['redis://host/1', { kind: 'single', url: 'redis://host/1', tls: false }],
  ['rediss://u:p@host:7000', { kind: 'single', url: 'rediss://u:p@host:7000', tls: true }],
  [
    'redis+cluster://a:7001,b,[::1]:7003',
    {
      kind: 'cluster',
      tls: false,
      nodes: [
        { host: 'a', port: 7001 },
        { host: 'b', port: 6379 },
        { host: '::1', port: 7003 },
      ],
    },
  ],
  [
    'rediss+cluster://prosaas:p%40ss@a/0',
    { kind: 'cluster', tls: true, username: 'prosaas', password: 'p@ss', nodes: [{ host: 'a', port: 6379 }] },
  ],
  [
    'redis+sentinel://:secret@a,b:26380/mymaster/2',
    {
      kind: 'sentinel',
      tls: false,
      password: 'secret',
      master: 'mymaster',
      db: 2,
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
    },
  ],
] as const)('%s is understood', (text, target) => {
  expect(parseRedisUrl(text)).toEqual(target);
});

test.each([
  '',
  'localhost:6379',
  'http://localhost',
  'redis+cluster://',
  'redis+cluster://a,,b',
  'redis+cluster://a:99999',
  'redis+cluster://a/3',
  'redis+sentinel://a',
  'redis+sentinel://a/mymaster/x',
  'redis+sentinel://a/mymaster/0/more',
])('%j is refused with the forms that are possible', (text) => {
  expect(() => parseRedisUrl(text)).toThrow(/^must be one of\n.*redis\[s\]:.*\n.*\+cluster.*\n.*\+sentinel/);
});
