import { type Cluster, Redis } from 'ioredis';
import type { Logger } from './logger.ts';
import { parseRedisUrl } from './redis-address.ts';
import {
  type ClientOptions,
  type ClusterRetryOptions,
  logNodeOutages,
  openCluster,
  reconnectDelayMs,
  reconnectNodes,
} from './redis-cluster.ts';
import { sentinelConnector } from './redis-sentinel.ts';
import { type OutageLog, type OutageTexts, outageLog } from './outage-log.ts';

/** `commands`: fails fast. `blocking`: waits for ever, as BullMQ's workers need. `publisher`: fails faster than `commands`. */
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

// A command that a lost connection leaves open is not resent: only its caller knows whether it may be repeated.
const FAIL_FAST: ClientOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 2000,
  // Gives up a connection whose peer vanished without closing it, such as a host that lost power.
  socketTimeout: 10_000,
};

const ROLES: Readonly<Record<RedisRole, ClientOptions>> = {
  commands: FAIL_FAST,
  publisher: { ...FAIL_FAST, commandTimeout: 1000 },
  // Longer than BullMQ's longest blocking fetch (10 s).
  blocking: { maxRetriesPerRequest: null, socketTimeout: 30_000 },
};

/** All retries of a command take less time than its limit; BullMQ's workers wait for ever. */
const CLUSTER_RETRIES: Readonly<Record<RedisRole, ClusterRetryOptions>> = {
  commands: { waits: false, redirections: 16, everyMs: 100 },
  publisher: { waits: false, redirections: 16, everyMs: 50 },
  blocking: { waits: true, redirections: Infinity, everyMs: 100 },
};

/**
 * How long a connection may take to close by itself. If the connection is already gone, ioredis keeps the process alive for all of this
 * time (default 2 s), because the close event that clears its timer has already happened.
 */
const DISCONNECT_MS = 100;

/**
 * A client that reconnects for ever, to a server, to the master that sentinels name, or to a cluster. It never throws by itself:
 * an outage is logged once for all clients of the service. Without a connection, `commands` and `publisher` reject each command at once.
 *
 * That of a cluster is ioredis' `Cluster`, which has the same commands: those with a key go to the node that holds it, those
 * without one to any node. Put a key into the same pipeline where that matters. While its node alone is away, a command that was
 * not sent is tried again for up to 2 s.
 */
export function createRedis({ url, username, password, name, role, log }: RedisClientOptions): Redis {
  const options: ClientOptions = {
    ...ROLES[role],
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    connectionName: name,
    connectTimeout: 5000,
    disconnectTimeout: DISCONNECT_MS,
    retryStrategy: reconnectDelayMs,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const redis = open(url, options, { role, log });
  const outage = outageLog(log, REDIS_OUTAGE);
  openClients.set(redis, outage);
  let reason: unknown = new Error('not connected yet');
  const failed = (): void => {
    if (openClients.has(redis)) outage.failed(reason, { source: redis, fields: { redis: name } });
  };
  // A server that is loading its data, or does not answer, causes no error. So Redis counts as away until the first `ready`.
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

/** The outage log of each client that is not closed. */
const openClients = new WeakMap<Redis, OutageLog>();

/** All clients of a service share these lines. */
const REDIS_OUTAGE: OutageTexts = {
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
  const shared: ClientOptions = {
    ...options,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  if (target.kind === 'sentinel') {
    const { sentinels, master, db } = target;
    return new Redis({
      ...shared,
      sentinels,
      name: master,
      db,
      enableTLSForSentinelMode: tls,
      ...(tls ? { sentinelTLS: {} } : {}),
      sentinelRetryStrategy: reconnectDelayMs,
      Connector: sentinelConnector,
      // Learns of a new master from the sentinels, not from the old one's timeout.
      failoverDetector: true,
    });
  }
  const cluster = openCluster(target, shared, CLUSTER_RETRIES[role]);
  logNodeOutages(cluster, log);
  // Cluster has the same commands; only the constructor differs.
  return cluster as unknown as Redis;
}

const clusterOf = (redis: Redis): Cluster | undefined =>
  redis.isCluster ? (redis as unknown as Cluster) : undefined;

/** Reopens its connections. */
export function reconnectRedis(redis: Redis): void {
  const cluster = clusterOf(redis);
  if (cluster) reconnectNodes(cluster);
  else redis.disconnect(true);
}

/** Redis' time in Unix ms; in a cluster, of any node. */
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

const QUIT_MS = 1000;

/** Waits up to a second for commands in flight; never rejects. */
export async function closeRedis(redis: Redis): Promise<void> {
  openClients.get(redis)?.forget(redis);
  openClients.delete(redis);
  if (redis.status === 'end') return;
  const timer = setTimeout(() => redis.disconnect(), QUIT_MS);
  try {
    if (redis.status === 'ready') await redis.quit();
  } catch {
    // Redis is away: nothing to wait for.
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}
