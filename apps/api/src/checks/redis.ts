import type { CheckDefinition } from '@prosaas/observability';
import type { Redis } from 'ioredis';
import { judgeRedisSettings, readRedisSettings } from './redis-settings.ts';

/** Redis answers, and is set so that it loses no job: no eviction, an append-only file. */
export function redisCheck({ redis }: { redis: Redis }): CheckDefinition {
  return {
    name: 'redis',
    componentType: 'datastore',
    async run() {
      await redis.ping();
      const settings = readRedisSettings(await redis.info());
      const reasons = judgeRedisSettings(settings);
      return {
        status: reasons.length === 0 ? 'pass' : 'warn',
        ...(reasons.length === 0 ? {} : { reason: reasons.join(',') }),
        detail: {
          version: settings.version ?? null,
          maxmemory_policy: settings.evictionPolicy ?? null,
          appendonly: settings.appendOnly ?? null,
        },
      };
    },
  };
}
