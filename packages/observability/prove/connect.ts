import { Cluster, Redis } from 'ioredis';

/** A client like those that services give to a publisher: without a queue, reconnecting by itself. */
export function connect(ports: readonly number[], cluster: boolean): Redis {
  const common = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 100,
  };
  if (!cluster) {
    const redis = new Redis({ ...common, host: '127.0.0.1', port: ports[0]!, retryStrategy: () => 50 });
    redis.on('error', () => undefined);
    return redis;
  }
  // ioredis 6.0.0 does not handle the rejection of `redis.asking()` in built/cluster/index.js.
  process.on('unhandledRejection', (error) => {
    if (!(error instanceof Error) || error.message !== 'Connection is closed.') throw error;
  });
  const nodes = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    {
      enableOfflineQueue: false,
      clusterRetryStrategy: () => 50,
      retryDelayOnFailover: 50,
      retryDelayOnClusterDown: 50,
      retryDelayOnTryAgain: 20,
      slotsRefreshTimeout: 500,
      slotsRefreshInterval: 1000,
      redisOptions: { ...common, connectTimeout: 1000 },
    },
  );
  nodes.on('error', () => undefined);
  nodes.on('+node', (node: Redis) => node.on('error', () => undefined));
  return nodes as unknown as Redis;
}
