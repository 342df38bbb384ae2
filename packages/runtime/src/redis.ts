import { Redis, type RedisOptions } from 'ioredis';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';

/** `commands`: fails fast. `blocking`: waits for ever, what BullMQ's workers need. `publisher`: fails faster still, never queues. */
export type RedisRole = 'commands' | 'blocking' | 'publisher';

export interface RedisAddress {
  url: string;
  username?: string;
  password?: string;
}

export interface RedisClientOptions extends RedisAddress {
  /** Shown by `CLIENT LIST`. */
  name: string;
  role: RedisRole;
  log: Logger;
}

/** The part of the configuration that says where Redis is. */
export function redisAddress(config: {
  REDIS_URL: string;
  REDIS_USERNAME?: string;
  REDIS_PASSWORD?: string;
}): RedisAddress {
  return {
    url: config.REDIS_URL,
    ...(config.REDIS_USERNAME === undefined ? {} : { username: config.REDIS_USERNAME }),
    ...(config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD }),
  };
}

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

// A command that a lost connection leaves open is not sent again by itself: whoever sent it knows whether it may be repeated.
const failsFast: ClientOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 2000,
  // A connection whose other end is gone without a word (a host that lost its power) is given up.
  socketTimeout: 10_000,
};

const roles: Readonly<Record<RedisRole, ClientOptions>> = {
  commands: failsFast,
  publisher: { ...failsFast, commandTimeout: 1000 },
  // Longer than BullMQ's longest blocking fetch (10 s).
  blocking: { maxRetriesPerRequest: null, socketTimeout: 30_000 },
};

/**
 * How long a connection has to close by itself. ioredis keeps the process for all of it when the connection was gone already
 * (its default is 2 s): the close that would clear its timer has been.
 */
const disconnectMs = 100;

/**
 * A client that reconnects for ever. It never throws by itself: an outage is logged once, and its end.
 * Without a connection, `commands` and `publisher` reject each command at once.
 */
export function createRedis({ url, username, password, name, role, log }: RedisClientOptions): Redis {
  const options: ClientOptions = {
    ...roles[role],
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    connectionName: name,
    connectTimeout: 5000,
    disconnectTimeout: disconnectMs,
    retryStrategy: (attempt) => backoff({ baseMs: 50, maxMs: 1000 }, attempt),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const redis = new Redis(url, options);
  let away = false;
  redis.on('error', (error: Error) => {
    if (away) return;
    away = true;
    log.warn({ redis: name, err: error }, 'Redis is away');
  });
  redis.on('ready', () => {
    if (away) log.info({ redis: name }, 'Redis is back');
    away = false;
  });
  return redis;
}

/** Resolves once the client may be used; rejects when `signal` aborts or the client was closed. */
export function redisReady(redis: Redis, signal?: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = (): void => reject(new Error('The Redis client was closed'));
  const aborted = (): void => reject(signal?.reason as Error);
  if (redis.status === 'end') ended();
  if (signal?.aborted === true) aborted();
  redis.once('ready', resolve);
  redis.once('end', ended);
  signal?.addEventListener('abort', aborted, { once: true });
  return promise.finally(() => {
    redis.off('ready', resolve);
    redis.off('end', ended);
    signal?.removeEventListener('abort', aborted);
  });
}

const quitMs = 1000;

/** Lets commands under way finish, for a second at most; never rejects. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  const timer = setTimeout(() => redis.disconnect(), quitMs);
  try {
    if (redis.status === 'ready') await redis.quit();
  } catch {
    // It was away: there is nothing to wait for.
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}
