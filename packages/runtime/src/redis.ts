import { type Cluster, Redis } from 'ioredis';
import type { Logger } from './logger.ts';
import { parseRedisUrl } from './redis-address.ts';
import {
  type ClientOptions,
  type ClusterPatience,
  logNodes,
  openCluster,
  reconnectAfter,
  reconnectNodes,
} from './redis-cluster.ts';
import { sentinelConnector } from './redis-sentinel.ts';
import { type OutageLog, type OutageTexts, outageLog } from './outage-log.ts';

/** `commands`: fails fast. `blocking`: waits for ever, what BullMQ's workers need. `publisher`: fails faster still, never queues. */
export type RedisRole = 'commands' | 'blocking' | 'publisher';

export interface RedisAddress {
  /** In the forms of `parseRedisUrl`. */
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

/** Less in all than a command's time limit; BullMQ's workers wait for ever. */
const patience: Readonly<Record<RedisRole, ClusterPatience>> = {
  commands: { waits: false, redirections: 16, everyMs: 100 },
  publisher: { waits: false, redirections: 16, everyMs: 50 },
  blocking: { waits: true, redirections: Infinity, everyMs: 100 },
};

/**
 * How long a connection has to close by itself. ioredis keeps the process for all of it when the connection was gone already
 * (its default is 2 s): the close that would clear its timer has been.
 */
const disconnectMs = 100;

/**
 * A client that reconnects for ever, to a server, to the master that sentinels name, or to a cluster. It never throws by itself:
 * an outage is logged as one trouble of the service, with its end. Without a connection, `commands` and `publisher` reject each command at once.
 *
 * That of a cluster is ioredis' `Cluster`, which has the same commands: those with a key go to the node that holds it, those
 * without one to any node. Put a key into the same pipeline where that matters. While its node alone is away, a command that was
 * not sent is tried again for up to 2 s.
 */
export function createRedis({ url, username, password, name, role, log }: RedisClientOptions): Redis {
  const options: ClientOptions = {
    ...roles[role],
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    connectionName: name,
    connectTimeout: 5000,
    disconnectTimeout: disconnectMs,
    retryStrategy: reconnectAfter,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const redis = open(url, options, { role, log });
  const outage = outageLog(log, redisAway);
  watched.set(redis, outage);
  let reason: unknown = new Error('not connected yet');
  const failed = (): void => {
    if (watched.has(redis)) outage.failed(reason, { source: redis, fields: { redis: name } });
  };
  // A server that loads its data, or is silent, causes no error: at the start Redis is away until it is ready.
  if (!outage.hasWorked) failed();
  redis.on('error', (error: Error) => {
    reason = error;
    if (redis.status !== 'ready') failed();
  });
  redis.on('close', () => {
    reason ??= new Error('the connection was closed');
    failed();
  });
  redis.on('ready', () => {
    reason = undefined;
    outage.worked(redis);
  });
  return redis;
}

/** What clients say that they are away, until they are closed. */
const watched = new WeakMap<Redis, OutageLog>();

/** All clients of a service share these lines. */
const redisAway: OutageTexts = {
  waiting: 'waiting for Redis',
  begins: 'Redis is away',
  ends: 'Redis is back',
  isDependency: true,
};

function open(
  url: string,
  options: ClientOptions,
  { role, log }: Pick<RedisClientOptions, 'role' | 'log'>,
): Redis {
  const target = parseRedisUrl(url);
  if (target.kind === 'server') return new Redis(target.url, options);
  const { tls, username, password } = target;
  const several: ClientOptions = {
    ...options,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  if (target.kind === 'sentinel') {
    const { sentinels, master, db } = target;
    return new Redis({
      ...several,
      sentinels,
      name: master,
      db,
      enableTLSForSentinelMode: tls,
      ...(tls ? { sentinelTLS: {} } : {}),
      sentinelRetryStrategy: reconnectAfter,
      Connector: sentinelConnector,
      // Told of a new master by the sentinels, rather than by the old one's silence.
      failoverDetector: true,
    });
  }
  const cluster = openCluster(target, several, patience[role]);
  logNodes(cluster, log);
  // The same commands; what differs in the types is the constructor.
  return cluster as unknown as Redis;
}

const clusterOf = (redis: Redis): Cluster | undefined =>
  redis.isCluster ? (redis as unknown as Cluster) : undefined;

/** Opens its connections anew. */
export function reconnectRedis(redis: Redis): void {
  const cluster = clusterOf(redis);
  if (cluster) reconnectNodes(cluster);
  else redis.disconnect(true);
}

/** Redis' time in Unix ms. In a cluster that of any node. */
export async function redisTime(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
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
  watched.get(redis)?.forget(redis);
  watched.delete(redis);
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
