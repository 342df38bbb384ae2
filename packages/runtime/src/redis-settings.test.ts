import { startRedis } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import {
  judgeRedisFaults,
  judgeRedisSettings,
  readRedisSettings,
  warnOfRedisSettings,
} from './redis-settings.ts';
import { closeRedis, createRedis, redisReady } from './redis.ts';

const info = (policy: string, aof: string): string =>
  `# Server\r\nredis_version:8.0.2\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n# Persistence\r\naof_enabled:${aof}\r\n`;

test.each([
  ['noeviction', '1', []],
  ['allkeys-lru', '1', ['evicts_keys']],
  ['noeviction', '0', ['no_append_only_file']],
  ['volatile-ttl', '0', ['evicts_keys', 'no_append_only_file']],
])('eviction policy %s with appendonly %s is judged %j', (policy, aof, reasons) => {
  expect(judgeRedisSettings(readRedisSettings(info(policy, aof)))).toEqual(reasons);
});

test('settings that Redis does not tell are not judged', () => {
  expect(judgeRedisSettings(readRedisSettings('redis_version:7.2.0'))).toEqual([]);
});

test.each([
  ['role:master\r\nmaxmemory:0\r\nused_memory:5', []],
  ['role:slave', ['read_only']],
  ['loading:1', ['not_ready']],
  ['aof_enabled:1\r\naof_last_write_status:err', ['append_failed']],
  ['aof_enabled:0\r\naof_last_write_status:err', []],
  ['maxmemory:100\r\nused_memory:100\r\nmaxmemory_policy:noeviction', ['out_of_memory']],
  ['maxmemory:100\r\nused_memory:99\r\nmaxmemory_policy:noeviction', []],
  ['maxmemory:100\r\nused_memory:100\r\nmaxmemory_policy:allkeys-lru', []],
])('Redis that says %j takes no writes because of %j', (text, reasons) => {
  expect(judgeRedisFaults(readRedisSettings(text))).toEqual(reasons);
});

test.each([
  [['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'], []],
  [
    ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'],
    [
      expect.stringMatching(/evict.*LOST.*noeviction/),
      expect.stringMatching(/append-only.*LOST.*appendonly yes/),
    ],
  ],
])('a service that starts on a Redis with %j says what it loses', async (args, warnings) => {
  await using server = await startRedis({ args });
  const lines: { level: string; msg: string }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  const redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
  await redisReady(redis);
  await warnOfRedisSettings(redis, log);
  await closeRedis(redis);
  expect(lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual(warnings);
});
