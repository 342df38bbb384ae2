import type { Redis } from 'ioredis';

/** An ioredis client that the caller opened and closes. */
export type RedisClient = Redis;
