import { type RedisServer, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterEach, beforeEach } from 'vitest';

/** What a test has to itself; `cleanup` ends it. */
export interface OnRedis {
  server: RedisServer;
  redis: Redis;
  cleanup: AsyncDisposableStack;
}

/** A server for each test of a file, which may stop it, and a client. */
export function redisForEach(): OnRedis {
  const on = {} as OnRedis;
  beforeEach(async () => {
    on.cleanup = new AsyncDisposableStack();
    on.server = on.cleanup.use(await startRedis());
    on.redis = new Redis(on.server.url);
    on.redis.on('error', () => undefined);
    on.cleanup.defer(() => on.redis.disconnect());
  });
  afterEach(() => on.cleanup.disposeAsync());
  return on;
}
