import { type CheckDefinition, CheckFailure, clockAheadSeconds } from '@prosaas/observability';
import {
  readRedisSettings,
  findRedisFaults,
  findRedisRisks,
  redisReady,
  redisTime,
  probeRedisWrite,
} from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { queryRedis } from './query-redis.ts';

export interface RedisCheckOptions {
  /** A connection of its own: a check that waits for a hung Redis must not stand before anyone's commands. */
  redis: Redis;
  /** For people. */
  address: string;
  /** Any string of the stack's: in a cluster the node that holds it is asked, and everything else needs that one, too. */
  key: string;
}

async function clockAheadOf(redis: Redis): Promise<number> {
  const sentAt = Date.now();
  const serverTime = await redisTime(redis);
  return clockAheadSeconds({ sentAt, receivedAt: Date.now(), serverTime });
}

/** Redis answers, takes writes, and is set so that it loses no job: no eviction, an append-only file. And it has the same time. */
export function redisCheck({ redis, address, key }: RedisCheckOptions): CheckDefinition {
  let isFirst = true;
  return {
    name: 'redis',
    componentType: 'datastore',
    async run(signal) {
      const asked = { redis, address, signal };
      const settings = await queryRedis(async () => {
        // The first run comes before the connection.
        const waits = isFirst && ['connecting', 'connect'].includes(redis.status);
        isFirst = false;
        if (waits) await redisReady(redis, signal);
        return readRedisSettings(redis, key);
      }, asked);
      const detail = {
        version: settings.version ?? null,
        maxmemory_policy: settings.evictionPolicy ?? null,
        appendonly: settings.appendOnly ?? null,
        appendfsync: settings.appendFsync ?? null,
      };
      const faults = findRedisFaults(settings);
      if (faults.length > 0) throw new CheckFailure(faults.join(','), { detail });
      // INFO does not tell of each reason for which Redis refuses writes.
      await queryRedis(() => probeRedisWrite(redis, key), asked);
      const ahead = await queryRedis(() => clockAheadOf(redis), asked);
      const reasons = findRedisRisks(settings).map(({ reason }): string => reason);
      if (ahead !== 0) reasons.push('clock_off');
      const facts = ahead === 0 ? {} : { clock_ahead_seconds: ahead };
      return reasons.length === 0 ? { detail } : { status: 'warn', reason: reasons.join(','), facts, detail };
    },
  };
}
