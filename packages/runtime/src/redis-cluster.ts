import { Cluster, type ClusterNode, type ClusterOptions, type Redis, type RedisOptions } from 'ioredis';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';
import { type RedisTarget, hostText } from './redis-address.ts';
import { outageLog } from './outage-log.ts';

/** `replyMapping` changes the client's type. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Milliseconds until the next attempt to connect: the same for a server, a sentinel and a cluster. */
export function reconnectAfter(attempt: number): number {
  return backoff({ baseMs: 50, maxMs: 1000 }, attempt);
}

/** How often a node is tried again before its connection is given up; while any other answers, that one tells who has the keys. */
const nodeAttempts = 5;

/** What the cluster does with a command while the node that it belongs to is away or the keys move. */
export interface ClusterPatience {
  /** Whether commands wait while no node at all answers. */
  waits: boolean;
  /** How often a command that was not carried out is tried again; one that was sent and got no answer is none of these. */
  redirections: number;
  everyMs: number;
}

/**
 * A client of a Redis Cluster that behaves as one of a single server with `node` as its options: it comes back by itself, and
 * does not send again what `node` says is not sent again.
 */
export function openCluster(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  node: ClientOptions,
  { waits, redirections, everyMs }: ClusterPatience,
): Cluster {
  return new LastingCluster(target.nodes, {
    enableOfflineQueue: waits,
    maxRedirections: redirections,
    retryDelayOnFailover: everyMs,
    retryDelayOnClusterDown: everyMs,
    retryDelayOnTryAgain: everyMs,
    clusterRetryStrategy: reconnectAfter,
    // Without one of its own a node's open commands end in the words on which the cluster sends them again.
    clusterNodeRetryStrategy: (attempt) =>
      attempt <= nodeAttempts ? backoff({ baseMs: 50, maxMs: 200 }, attempt) : null,
    // A node that is silent has not been asked for long: another one may have its keys by now.
    slotsRefreshInterval: 5000,
    slotsRefreshTimeout: 2000,
    // A name stays a name, which is what a certificate is made out to.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: node,
  });
}

/** The trouble of nodes that are away while others answer. */
export function logNodes(cluster: Cluster, log: Logger): void {
  const outage = outageLog(log, {
    waiting: 'waiting for a node of Redis Cluster',
    begins: 'a node of Redis Cluster is away',
    ends: 'the nodes of Redis Cluster are back',
  });
  const away = new Set<string>();
  const clear = (): void => {
    for (const node of away) outage.forget(node);
    away.clear();
    outage.worked();
  };
  cluster.on('node error', (error: Error, node: string) => {
    // With none left, the client as a whole is away, and says so.
    if (cluster.status !== 'ready') return;
    away.add(node);
    outage.failed(error, { source: node, fields: { node } });
  });
  cluster.on('+node', (connection: Redis) => {
    const { host = '', port = 0 } = connection.options;
    const node = hostText({ host, port });
    connection.on('ready', () => {
      if (away.delete(node)) outage.worked(node);
    });
  });
  cluster.on('ready', clear);
  cluster.on('end', clear);
}

/** A cut that has not come to its end by then never will. */
const cutMs = 300;

/**
 * ioredis 6.0.0 leaves a cluster "disconnecting" for good when its pool was empty, or a node joined it just then, and takes a
 * connect() after a disconnect() that fails for the end; and the promise of a connect() that finds the cluster not well, as it is for
 * seconds after a restart, never settles. BullMQ 6.7.0 does both to the clients that it blocks on, from two places
 * at once, and waits for all of it: here every cut ends, and every connect() is wanted and settles.
 */
class LastingCluster extends Cluster {
  constructor(...args: ConstructorParameters<typeof Cluster<'legacy'>>) {
    super(...args);
    this.on('+node', endWhenDropped).on('+node', hearAsking);
  }

  override connect(): Promise<void> {
    if (this.status === 'disconnecting') this.endCut();
    this['manuallyClosing'] = false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (): void => reject(new Error('Redis Cluster is not ready'));
    this.once('close', failed).once('end', failed);
    super.connect().then(resolve, reject);
    return promise.finally(() => this.off('close', failed).off('end', failed));
  }

  override disconnect(reconnect = false): void {
    const empty = this.nodes().length === 0;
    let ended = reconnect;
    if (!reconnect) this.once('end', () => (ended = true));
    super.disconnect(reconnect);
    const epoch = this['connectionEpoch'];
    const finish = (): void => {
      if (this.status === 'disconnecting' && this['connectionEpoch'] === epoch) this.endCut();
      // Somebody else has connected it since: the end that this one waits for is told all the same.
      else if (!ended) this.emit('end');
    };
    if (empty) finish();
    else setTimeout(finish, cutMs).unref();
  }

  private endCut(): void {
    this['connectionPool'].reset([]);
    this['handleCloseEvent']();
  }

  /** BullMQ blocks on a duplicate, which has to be one of these. */
  override duplicate: Cluster['duplicate'] = ((nodes: ClusterNode[] = [], overrides: ClusterOptions = {}) => {
    const options = { ...this.options, ...overrides } as ConstructorParameters<typeof Cluster<'legacy'>>[1];
    return new LastingCluster(nodes.length > 0 ? nodes : this['startupNodes'], options);
  }) as Cluster['duplicate'];
}

/**
 * A node whose replica took its place is dropped while it waits for its next attempt to connect: ioredis 6.0.0 then stops that
 * attempt and waits for the end of a socket that ended long ago. What had been queued there would never be sent, nor fail. It
 * ends at once, in the words on which the cluster sends such commands to where the keys are.
 */
function endWhenDropped(node: Redis): void {
  const { disconnect } = node;
  node.disconnect = (reconnect = false) => {
    const socketless = node.status === 'reconnecting' && !reconnect;
    disconnect.call(node, reconnect);
    if (!socketless) return;
    node['setStatus']('end');
    node['flushQueue'](new Error('Connection is closed.'));
  };
}

/** Opens the connections anew. Its own disconnect(true) never ends when a node joins the pool just then (ioredis 6.0.0). */
export function reconnectNodes(cluster: Cluster): void {
  for (const node of cluster.nodes()) if (node.status === 'ready') node.disconnect(true);
}

/**
 * ioredis 6.0.0 sends ASKING to a node that keys are moving to and lets nobody hear of its failure (`redis.asking()` in
 * built/cluster/index.js): a connection lost just then would end the process. The command that follows fails with it, heard.
 */
function hearAsking(node: Redis): void {
  const { asking } = node;
  node.asking = (...args: []) => {
    const sent = asking.apply(node, args);
    sent.catch(() => {});
    return sent;
  };
}
