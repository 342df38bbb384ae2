import { expect, test } from 'vitest';
import { describeRedis, parseRedisUrl } from './redis-address.ts';

const host = (name: string, port: number): object => ({ host: name, port });

test.each([
  ['redis://localhost:6379/0', { kind: 'server', url: 'redis://localhost:6379/0' }],
  ['rediss://user:secret@redis', { kind: 'server', url: 'rediss://user:secret@redis' }],
  [
    'redis+cluster://a:7000,b:7001, c',
    { kind: 'cluster', tls: false, nodes: [host('a', 7000), host('b', 7001), host('c', 6379)] },
  ],
  [
    'rediss+cluster://app:p%40ss:word@10.0.0.1:7000,[::1]:7001/0',
    {
      kind: 'cluster',
      tls: true,
      username: 'app',
      password: 'p@ss:word',
      nodes: [host('10.0.0.1', 7000), host('::1', 7001)],
    },
  ],
  [
    'redis+sentinel://s1,s2:26380/mymaster',
    {
      kind: 'sentinel',
      tls: false,
      sentinels: [host('s1', 26379), host('s2', 26380)],
      master: 'mymaster',
      db: 0,
    },
  ],
  [
    'rediss+sentinel://:secret@s1/main-1/3',
    {
      kind: 'sentinel',
      tls: true,
      password: 'secret',
      sentinels: [host('s1', 26379)],
      master: 'main-1',
      db: 3,
    },
  ],
])('parses %s', (url, target) => {
  expect(parseRedisUrl(url)).toEqual(target);
});

test.each([
  ['http://a', 'must be a URL that begins with redis://, rediss://, redis+cluster://'],
  ['a:6379', 'must be a URL that begins with'],
  ['redis+clusters://a', 'must be a URL that begins with'],
  ['redis://a:1,b:2', 'must name one host; for several'],
  ['redis+cluster://', 'number 1 is none'],
  ['redis+cluster://a:1,,b:2', 'number 2 is none'],
  ['redis+cluster://a:1,b:port', 'number 2 is none'],
  ['redis+cluster://a:1,b:70000', 'number 2 is none'],
  ['redis+cluster://a:1,b:2?x=1', 'number 2 is none'],
  ['redis+cluster://a:1/1', 'must name no database'],
  ['redis+cluster://app:50%@a:1', 'write it as %25'],
  ['redis+sentinel://a,b', 'must end with the name by which the sentinels know the master'],
  ['redis+sentinel://a/main/one', 'must end with the name'],
])('%s is refused: %s', (url, problem) => {
  expect(() => parseRedisUrl(url)).toThrow(problem);
});

test('an error contains nothing of the value, which may hold a password', () => {
  const url = 'redis+cluster://app:hunter2@a:hunter2';
  expect(() => parseRedisUrl(url)).toThrow(/^(?!.*hunter2)/);
});

test.each([
  ['redis://app:secret@redis', 'redis:6379'],
  ['redis+cluster://app:secret@a:7000,[::1]:7001', 'a:7000,[::1]:7001'],
  ['redis+sentinel://app:secret@s1,s2/main', 'main of s1:26379,s2:26379'],
])('%s is described as %s', (url, text) => {
  expect(describeRedis(url)).toBe(text);
});
