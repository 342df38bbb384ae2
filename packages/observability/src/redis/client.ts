import type { Redis } from 'ioredis';

/** An ioredis client. The caller opens and closes it. */
export type RedisClient = Redis;
