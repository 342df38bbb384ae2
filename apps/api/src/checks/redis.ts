import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { askRedisSettings, judgeRedisFaults, judgeRedisSettings } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { askRedis } from './ask-redis.ts';

/** Redis answers, takes writes, and is set so that it loses no job: no eviction, an append-only file. */
export function redisCheck({
  redis,
  address,
  key,
}: {
  redis: Redis;
  address: string;
  key: string;
}): CheckDefinition {
  return {
    name: 'redis',
    componentType: 'datastore',
    async run(signal) {
      // Not only PING: a Redis that takes no writes answers it.
      const settings = await askRedis(() => askRedisSettings(redis, key), { redis, address, signal });
      const detail = {
        version: settings.version ?? null,
        maxmemory_policy: settings.evictionPolicy ?? null,
        appendonly: settings.appendOnly ?? null,
        appendfsync: settings.appendFsync ?? null,
      };
      const faults = judgeRedisFaults(settings);
      if (faults.length > 0) throw new CheckFailure(faults.join(','), { detail });
      const reasons = judgeRedisSettings(settings).map(({ reason }) => reason);
      return reasons.length === 0 ? { detail } : { status: 'warn', reason: reasons.join(','), detail };
    },
  };
}
