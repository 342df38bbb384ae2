import { startRedisCluster } from './redis-cluster.ts';
import { type RedisOptions, type RedisServer, startRedisServer } from './redis-server.ts';

/** A Redis; with DEVSTACK_REDIS=cluster a cluster of three nodes stands in for it. */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return process.env['DEVSTACK_REDIS'] === 'cluster'
    ? startRedisCluster(options.args)
    : startRedisServer(options);
}

/** A Redis of the test file's own; dispose of it, or leave it to the end of the process. */
export function testRedis(options: Pick<RedisOptions, 'args'> = {}): Promise<RedisServer> {
  return startRedis(options);
}
