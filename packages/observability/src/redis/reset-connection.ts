import type { RedisClient } from './client.ts';

/**
 * Closes a connection that does not answer; the client opens another one. For a cluster it closes those of the nodes: with
 * `disconnect(true)` of the cluster itself, ioredis 6.0.0 stays in "disconnecting" for good when a node joins its pool meanwhile.
 */
export function resetConnection(redis: RedisClient): void {
  const { isCluster, nodes } = redis as Partial<Cluster>;
  const connections = isCluster && nodes ? nodes.call(redis) : [redis];
  for (const connection of connections) if (connection.status === 'ready') connection.disconnect(true);
}

interface Cluster {
  readonly isCluster: boolean;
  nodes(): RedisClient[];
}
