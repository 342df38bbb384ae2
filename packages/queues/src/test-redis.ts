import { type EitherRedis, eitherRedis } from '@prosaas/devstack';
import { type Logger, closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';

export const bullPrefix = '{test}';
export const silent: Logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** What `onRedis` opens, for the tests of a file. */
export interface OnRedis {
  server: EitherRedis;
  redis: Redis;
}

/** A Redis of the file's own, or a cluster, and a client; filled before the first test. */
export function onRedis(): OnRedis {
  const on = {} as OnRedis;
  beforeAll(async () => {
    on.server = await eitherRedis({ key: bullPrefix });
    on.redis = createRedis({ url: on.server.url, name: 'test', role: 'commands', log: silent });
    await redisReady(on.redis);
  });
  afterAll(async () => {
    await closeRedis(on.redis);
    await on.server[Symbol.asyncDispose]();
  });
  return on;
}
