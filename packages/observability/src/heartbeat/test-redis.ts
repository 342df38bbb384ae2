import { type RedisServer, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterEach, beforeEach } from 'vitest';

export interface TestRedis {
  server: RedisServer;
  redis: Redis;
  cleanup: AsyncDisposableStack;
}

/** A Redis server of its own for each test of a file, which may stop it, and a client. `cleanup` is disposed after each test. */
export function redisForEach(): TestRedis {
  const on = {} as TestRedis;
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
