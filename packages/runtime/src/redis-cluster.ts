import { Cluster, type ClusterNode, type ClusterOptions, type Redis, type RedisOptions } from 'ioredis';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';
import { type RedisTarget, hostText } from './redis-address.ts';
import { outageLog } from './outage-log.ts';

/** `replyMapping` changes the client's type. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Milliseconds until the next connection attempt, for a server, a sentinel and a cluster alike. */
export function reconnectDelayMs(attempt: number): number {
  return backoff({ baseMs: 50, maxMs: 1000 }, attempt);
}

/** Connection attempts to a node before it is given up. Any other node that answers tells which node has the keys by now. */
const NODE_ATTEMPTS = 5;

/** How the client retries a command while the node of its key is away or the keys move. */
export interface ClusterRetryOptions {
  /** Whether commands wait while no node at all answers. */
  waits: boolean;
  /** How often a command that was not carried out is retried. A command that was sent and got no reply is never retried. */
  redirections: number;
  everyMs: number;
}

/**
 * A client of a Redis Cluster that behaves like the client of a single server with the options `node`: it reconnects by itself, and
 * resends a command only where `node` allows it.
 */
export function openCluster(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  node: ClientOptions,
  { waits, redirections, everyMs }: ClusterRetryOptions,
): Cluster {
  return new ResilientCluster(target.nodes, {
    enableOfflineQueue: waits,
    maxRedirections: redirections,
    retryDelayOnFailover: everyMs,
    retryDelayOnClusterDown: everyMs,
    retryDelayOnTryAgain: everyMs,
    clusterRetryStrategy: reconnectDelayMs,
    // Without this strategy, a node's open commands fail with the error text on which ioredis' Cluster resends them.
    clusterNodeRetryStrategy: (attempt) =>
      attempt <= NODE_ATTEMPTS ? backoff({ baseMs: 50, maxMs: 200 }, attempt) : null,
    // Refreshed often: another node may have taken over the keys of one that does not answer.
    slotsRefreshInterval: 5000,
    slotsRefreshTimeout: 2000,
    // Connects by name, because certificates are issued for names.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: node,
  });
}

/** Logs an outage of nodes while others answer. */
export function logNodeOutages(cluster: Cluster, log: Logger): void {
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
    // Without any node, the client as a whole logs its outage.
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

/** How long a disconnect may take before it is forced to finish. */
const DISCONNECT_LIMIT_MS = 300;

/**
 * Works around three faults of ioredis 6.0.0's Cluster. disconnect() leaves the status "disconnecting" for good when the pool is empty
 * or a node joins it at that moment. A connect() that fails after a disconnect() closes the client for good. The promise of a
 * connect() to a cluster that is not ready, as for seconds after a restart, never settles. BullMQ 6.7.0 calls both on its blocking
 * clients, from two places at once, and waits for them. Here every disconnect() ends, and every connect() settles.
 */
class ResilientCluster extends Cluster {
  constructor(...args: ConstructorParameters<typeof Cluster<'legacy'>>) {
    super(...args);
    this.on('+node', endDroppedNode).on('+node', handleAskingError);
  }

  override connect(): Promise<void> {
    if (this.status === 'disconnecting') this.finishDisconnect();
    this['manuallyClosing'] = false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (): void => reject(new Error('Redis Cluster is not ready'));
    this.once('close', failed).once('end', failed);
    super.connect().then(resolve, reject);
    return promise.finally(() => this.off('close', failed).off('end', failed));
  }

  override disconnect(reconnect = false): void {
    const isEmpty = this.nodes().length === 0;
    let ended = reconnect;
    if (!reconnect) this.once('end', () => (ended = true));
    super.disconnect(reconnect);
    const epoch = this['connectionEpoch'];
    const finish = (): void => {
      if (this.status === 'disconnecting' && this['connectionEpoch'] === epoch) this.finishDisconnect();
      // It was connected again since. Whoever waits for the end of this disconnect() gets the event too.
      else if (!ended) this.emit('end');
    };
    if (isEmpty) finish();
    else setTimeout(finish, DISCONNECT_LIMIT_MS).unref();
  }

  private finishDisconnect(): void {
    this['connectionPool'].reset([]);
    this['handleCloseEvent']();
  }

  /** BullMQ blocks on a duplicate, which needs the same workarounds. */
  override duplicate: Cluster['duplicate'] = ((nodes: ClusterNode[] = [], overrides: ClusterOptions = {}) => {
    const options = { ...this.options, ...overrides } as ConstructorParameters<typeof Cluster<'legacy'>>[1];
    return new ResilientCluster(nodes.length > 0 ? nodes : this['startupNodes'], options);
  }) as Cluster['duplicate'];
}

/**
 * ioredis 6.0.0 drops a node that its replica replaced. If the node waits for its next connection attempt at that moment, ioredis
 * cancels the attempt and waits for the close of a socket that is already closed, so the commands queued there neither run nor
 * fail. This ends the connection at once, with the error text on which the Cluster resends such commands to the new node.
 */
function endDroppedNode(node: Redis): void {
  const { disconnect } = node;
  node.disconnect = (reconnect = false) => {
    const hasNoSocket = node.status === 'reconnecting' && !reconnect;
    disconnect.call(node, reconnect);
    if (!hasNoSocket) return;
    node['setStatus']('end');
    node['flushQueue'](new Error('Connection is closed.'));
  };
}

/** Reopens the connections. Cluster's own disconnect(true) never ends when a node joins the pool at that moment (ioredis 6.0.0). */
export function reconnectNodes(cluster: Cluster): void {
  for (const node of cluster.nodes()) if (node.status === 'ready') node.disconnect(true);
}

/**
 * ioredis 6.0.0 sends ASKING to a node that keys are moving to, and does not handle its rejection (`redis.asking()` in
 * built/cluster/index.js): losing the connection at that moment would end the process. The command that follows fails too, and its
 * rejection is handled.
 */
function handleAskingError(node: Redis): void {
  const { asking } = node;
  node.asking = (...args: []) => {
    const sent = asking.apply(node, args);
    sent.catch(() => {});
    return sent;
  };
}
