import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import type { Redis } from 'ioredis';
import { askRedis } from './ask-redis.ts';
import { judgeRedisFaults, judgeRedisSettings, readRedisSettings } from './redis-settings.ts';

/** Redis answers, takes writes, and is set so that it loses no job: no eviction, an append-only file. */
export function redisCheck({ redis }: { redis: Redis }): CheckDefinition {
  return {
    name: 'redis',
    componentType: 'datastore',
    async run(signal) {
      // Not only PING: a Redis that takes no writes answers it.
      const info = await askRedis(() => redis.info(), { redis, signal });
      const settings = readRedisSettings(info);
      const detail = {
        version: settings.version ?? null,
        maxmemory_policy: settings.evictionPolicy ?? null,
        appendonly: settings.appendOnly ?? null,
      };
      const faults = judgeRedisFaults(settings);
      if (faults.length > 0) throw new CheckFailure(faults.join(','), { detail });
      const reasons = judgeRedisSettings(settings);
      return reasons.length === 0 ? { detail } : { status: 'warn', reason: reasons.join(','), detail };
    },
  };
}
