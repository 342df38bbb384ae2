import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { judgeRedisFaults, judgeRedisSettings, readRedisInfos, readRedisSettings } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { askRedis } from './ask-redis.ts';

/** Redis answers, takes writes, and is set so that it loses no job: no eviction, an append-only file. Of a cluster, every master. */
export function redisCheck({ redis }: { redis: Redis }): CheckDefinition {
  return {
    name: 'redis',
    componentType: 'datastore',
    async run(signal) {
      // Not only PING: a Redis that takes no writes answers it.
      const infos = await askRedis(() => readRedisInfos(redis), { redis, signal });
      const nodes = infos.map(readRedisSettings);
      const detail = {
        version: nodes[0]?.version ?? null,
        maxmemory_policy: nodes[0]?.evictionPolicy ?? null,
        appendonly: nodes[0]?.appendOnly ?? null,
      };
      const faults = new Set(nodes.flatMap(judgeRedisFaults));
      if (faults.size > 0) throw new CheckFailure([...faults].join(','), { detail });
      const reasons = new Set(nodes.flatMap(judgeRedisSettings));
      return reasons.size === 0 ? { detail } : { status: 'warn', reason: [...reasons].join(','), detail };
    },
  };
}
