import { expect, test } from 'vitest';
import { judgeRedisSettings, readRedisSettings } from './redis-settings.ts';

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
