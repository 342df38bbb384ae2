import { type EitherRedis, eitherRedis } from '@prosaas/devstack';
import { type Logger, closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';

export const bullPrefix = '{test}';
export const silent: Logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

export interface TestRedis {
  server: EitherRedis;
  redis: Redis;
}

/** A Redis or a cluster for a test file, and a client. The fields are set before the first test. */
export function useRedis(): TestRedis {
  const env = {} as TestRedis;
  beforeAll(async () => {
    env.server = await eitherRedis({ key: bullPrefix });
    env.redis = createRedis({ url: env.server.url, name: 'test', role: 'commands', log: silent });
    await redisReady(env.redis);
  });
  afterAll(async () => {
    await closeRedis(env.redis);
    await env.server[Symbol.asyncDispose]();
  });
  return env;
}
