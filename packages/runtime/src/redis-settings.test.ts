import { testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { findRedisFaults, findRedisRisks, parseRedisSettings, warnOfRedisRisks } from './redis-settings.ts';

const info = (policy: string, aof: string): string =>
  `# Server\r\nredis_version:8.0.2\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n# Persistence\r\naof_enabled:${aof}\r\n`;

test.each([
  ['noeviction', '1', 'everysec', []],
  ['noeviction', '1', 'always', []],
  ['noeviction', '1', undefined, []],
  ['allkeys-lru', '1', 'everysec', ['evicts_keys']],
  ['noeviction', '0', 'everysec', ['no_append_only_file']],
  ['noeviction', '1', 'no', ['append_not_synced']],
  // Without a file nothing is synced: one reason is enough.
  ['noeviction', '0', 'no', ['no_append_only_file']],
  ['volatile-ttl', '0', undefined, ['evicts_keys', 'no_append_only_file']],
  ['allkeys-random', '1', 'no', ['evicts_keys', 'append_not_synced']],
])(
  'eviction policy %s with appendonly %s and appendfsync %s has the risks %j',
  (policy, aof, fsync, reasons) => {
    const risks = findRedisRisks(parseRedisSettings(info(policy, aof), fsync));
    expect(risks.map(({ reason }) => reason)).toEqual(reasons);
  },
);

test('settings that Redis does not report are no risk', () => {
  expect(findRedisRisks(parseRedisSettings('redis_version:7.2.0'))).toEqual([]);
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
])('INFO with %j means the faults %j', (text, reasons) => {
  expect(findRedisFaults(parseRedisSettings(text))).toEqual(reasons);
});

async function warningsOf(url: string): Promise<{ level: string; reasons: string[]; msg: string }[]> {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  const redis = new Redis(url);
  try {
    await warnOfRedisRisks({ redis, key: '{test}:stack', log, signal: AbortSignal.timeout(20_000) });
  } finally {
    redis.disconnect();
  }
  return lines.map((line) => JSON.parse(line) as { level: string; reasons: string[]; msg: string });
}

test('a Redis without risks logs nothing', async () => {
  await using server = await testRedis();
  expect(await warningsOf(server.url)).toEqual([]);
});

test('one log line lists every setting with which Redis may lose jobs', async () => {
  await using server = await testRedis({
    args: ['--maxmemory-policy', 'allkeys-lru', '--appendfsync', 'no'],
  });
  const [line, ...more] = await warningsOf(server.url);
  expect(more).toEqual([]);
  expect(line).toMatchObject({ level: 'error', reasons: ['evicts_keys', 'append_not_synced'] });
  expect(line?.msg).toContain('maxmemory-policy is allkeys-lru');
  expect(line?.msg).toContain('appendfsync is no');
});

test.each([
  { by: 'under another name', args: ['--rename-command', 'CONFIG', ''], user: '' },
  { by: 'for this user', args: '--user app on >secret ~* +@all -config'.split(' '), user: 'app:secret@' },
])('where CONFIG is refused ($by), only the risks in INFO are reported', async ({ args, user }) => {
  await using server = await testRedis({
    args: [...args, '--maxmemory-policy', 'volatile-lru', '--appendfsync', 'no'],
  });
  const lines = await warningsOf(server.url.replace('//', `//${user}`));
  expect(lines.map(({ reasons }) => reasons)).toEqual([['evicts_keys']]);
});
