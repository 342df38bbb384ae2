import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';
import { type HostAndPort, type RedisTarget, parseRedisUrl } from './redis-address.ts';

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
 *
 * For a cluster it is ioredis' `Cluster`, which has the same commands. All keys of a stack lie in one slot, but for the heartbeat.
 */
export function createRedis({ url, username, password, name, role, log }: RedisClientOptions): Redis {
  const target = parseRedisUrl(url);
  const access = { username: target.username ?? username, password: target.password ?? password };
  const options: ClientOptions = {
    ...roles[role],
    ...(access.username === undefined ? {} : { username: access.username }),
    ...(access.password === undefined ? {} : { password: access.password }),
    ...(target.tls && target.kind !== 'single' ? { tls: {} } : {}),
    connectionName: name,
    connectTimeout: 5000,
    disconnectTimeout: disconnectMs,
    retryStrategy: reconnectIn,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const redis = connect(target, options);
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

function reconnectIn(attempt: number): number {
  return backoff({ baseMs: 50, maxMs: 1000 }, attempt);
}

function connect(target: RedisTarget, options: ClientOptions): Redis {
  switch (target.kind) {
    case 'single':
      return new Redis(target.url, options);
    case 'sentinel': {
      const { sentinels, master, db, tls } = target;
      // The password is Redis'; sentinels that have one of their own are not provided for.
      return new Redis({
        ...options,
        sentinels,
        name: master,
        db,
        enableTLSForSentinelMode: tls,
        sentinelRetryStrategy: reconnectIn,
      });
    }
    case 'cluster':
      return connectCluster(target.nodes, options);
  }
}

function connectCluster(nodes: HostAndPort[], options: ClientOptions): Redis {
  const { retryStrategy: _single, enableOfflineQueue = true, ...redisOptions } = options;
  const cluster = new Cluster(nodes, {
    redisOptions,
    enableOfflineQueue,
    clusterRetryStrategy: reconnectIn,
    // Not sent again by itself, as without a cluster; where a slot has moved to is looked up and followed.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 100,
    retryDelayOnTryAgain: 50,
    slotsRefreshTimeout: 2000,
    slotsRefreshInterval: 5000,
  });
  cluster.on('+node', (node: Redis) => {
    node.on('error', () => {});
    // Otherwise at its first command, and those that come until it is there are turned away.
    if (node.status === 'wait') node.connect().catch(() => {});
    // ioredis 6.0.0 asks this without anybody who hears of its failure, which would end the process.
    const asking = node.asking.bind(node);
    node.asking = () => asking().catch(() => 'OK' as const);
  });
  cluster.on('node error', (error: Error) => cluster.emit('error', error));
  return cluster as unknown as Redis;
}

/** Resolves once the client may be used, of a cluster every master; rejects when `signal` aborts or the client was closed. */
export async function redisReady(redis: Redis, signal?: AbortSignal): Promise<void> {
  await clientReady(redis, signal);
  const { isCluster, nodes } = redis as unknown as Partial<Cluster>;
  if (!isCluster || !nodes) return;
  const masters = nodes.call(redis as unknown as Cluster, 'master');
  await Promise.all(masters.map((master) => clientReady(master, signal)));
}

function clientReady(redis: Redis, signal?: AbortSignal): Promise<void> {
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
