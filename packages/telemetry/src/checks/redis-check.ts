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
  /** A separate connection: a check that waits for a hung Redis must not delay other commands. */
  redis: Redis;
  /** Shown with a failure. */
  address: string;
  /** Any string key of the stack. In a cluster it selects the node, which holds all other keys of the stack too. */
  key: string;
}

async function clockAheadOf(redis: Redis): Promise<number> {
  const sentAt = Date.now();
  const serverTime = await redisTime(redis);
  return clockAheadSeconds({ sentAt, receivedAt: Date.now(), serverTime });
}

/** Checks that Redis answers, accepts writes, is configured to lose no jobs (no eviction, an append-only file), and has the same time. */
export function redisCheck({ redis, address, key }: RedisCheckOptions): CheckDefinition {
  let isFirst = true;
  return {
    name: 'redis',
    componentType: 'datastore',
    async run(signal) {
      const target = { redis, address, signal };
      const settings = await queryRedis(async () => {
        // The first run may come before the connection.
        const waits = isFirst && ['connecting', 'connect'].includes(redis.status);
        isFirst = false;
        if (waits) await redisReady(redis, signal);
        return readRedisSettings(redis, key);
      }, target);
      const detail = {
        version: settings.version ?? null,
        maxmemory_policy: settings.evictionPolicy ?? null,
        appendonly: settings.appendOnly ?? null,
        appendfsync: settings.appendFsync ?? null,
      };
      const faults = findRedisFaults(settings);
      if (faults.length > 0) throw new CheckFailure(faults.join(','), { detail });
      // INFO does not show every reason for which Redis refuses writes.
      await queryRedis(() => probeRedisWrite(redis, key), target);
      const ahead = await queryRedis(() => clockAheadOf(redis), target);
      const reasons = findRedisRisks(settings).map(({ reason }): string => reason);
      if (ahead !== 0) reasons.push('clock_off');
      const facts = ahead === 0 ? {} : { clock_ahead_seconds: ahead };
      return reasons.length === 0 ? { detail } : { status: 'warn', reason: reasons.join(','), facts, detail };
    },
  };
}
