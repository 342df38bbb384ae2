import type { RedisClient } from './client.ts';

/**
 * Drops a connection that does not answer; the client opens another. Of a cluster, those of its nodes: its own
 * `disconnect(true)` ends in "disconnecting" for good when a node joins its pool just then (ioredis 6.0.0).
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
