import { Redis } from 'ioredis';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { type RedisServer, startRedis } from './redis.ts';

const SLOTS = 16_384;
const MASTERS = 3;

interface Node {
  readonly server: RedisServer;
  readonly busPort: number;
  readonly redis: Redis;
  readonly id: string;
}

export interface RedisClusterOptions {
  /** A key or a hash tag in braces. `owner` and `moveSlot` are about its slot. */
  key: string;
  /** Gives the owner a replica that takes over within seconds. Without it there is no fail-over. */
  replica?: boolean;
}

/** Three masters. */
export interface RedisCluster extends AsyncDisposable {
  /** `redis+cluster://...` */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The node that has the slot. A fail-over does not change it. */
  readonly owner: RedisServer;
  /** Waits until every node reports a working cluster. */
  ready(): Promise<void>;
  /** Moves the slot with all its keys to the next node, without interrupting clients. */
  moveSlot(): Promise<void>;
  /** Runs a command on each node: FLUSHALL, SCRIPT FLUSH. */
  onEveryNode(command: string, ...args: string[]): Promise<void>;
}

export async function startRedisCluster({
  key,
  replica = false,
}: RedisClusterOptions): Promise<RedisCluster> {
  await using starting = new AsyncDisposableStack();
  const nodes: Node[] = [];
  for (let i = 0; i < MASTERS + (replica ? 1 : 0); i++) {
    const busPort = await freePort();
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--appendfsync', 'always'];
    args.push('--cluster-node-timeout', replica ? '1000' : '20000', '--cluster-require-full-coverage', 'no');
    const server = starting.use(await startRedis({ args }));
    const redis = new Redis({ port: server.port, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
    redis.on('error', () => undefined);
    starting.defer(() => redis.disconnect());
    nodes.push({ server, busPort, redis, id: await redis.cluster('MYID') });
  }
  const masters = nodes.slice(0, MASTERS);
  for (const [i, { redis, server, busPort }] of nodes.entries()) {
    const from = Math.ceil((SLOTS * i) / MASTERS);
    const to = Math.ceil((SLOTS * (i + 1)) / MASTERS) - 1;
    if (i < MASTERS) await redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await nodes[0]!.redis.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
  }
  const slot = await nodes[0]!.redis.cluster('KEYSLOT', key);
  let owner = masters[Math.floor((slot * MASTERS) / SLOTS)]!;
  // A master that was restarted takes no writes for two seconds.
  const ready = async (): Promise<void> => {
    const known = new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${nodes.length}`);
    await poll(
      async () => {
        const infos = await Promise.all(nodes.map(({ redis }) => redis.cluster('INFO')));
        return infos.every((info) => known.test(info));
      },
      { what: 'the cluster to be well' },
    );
  };
  await ready();
  if (replica) {
    const { redis } = nodes[MASTERS]!;
    await redis.call('CLUSTER', 'REPLICATE', owner.id);
    const linked = async (): Promise<boolean> =>
      /master_link_status:up/.test(await redis.info('replication'));
    await poll(linked, { what: 'the replica to follow' });
  }
  const resources = starting.move();

  return {
    url: `redis+cluster://${masters.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`,
    nodes: nodes.map(({ server }) => server),
    get owner() {
      return owner.server;
    },
    ready,
    moveSlot: async () => {
      const from = owner;
      const to = masters[(masters.indexOf(from) + 1) % MASTERS]!;
      await to.redis.cluster('SETSLOT', slot, 'IMPORTING', from.id);
      await from.redis.cluster('SETSLOT', slot, 'MIGRATING', to.id);
      const emptied = async (): Promise<boolean> => {
        const keys = await from.redis.cluster('GETKEYSINSLOT', slot, 1000);
        if (keys.length === 0) return true;
        await from.redis.migrate('127.0.0.1', to.server.port, '', 0, 5000, 'KEYS', ...keys);
        return false;
      };
      await poll(emptied, { everyMs: 5, what: 'an empty slot' });
      const others = masters.filter((node) => node !== to && node !== from);
      for (const node of [to, from, ...others]) await node.redis.cluster('SETSLOT', slot, 'NODE', to.id);
      owner = to;
    },
    onEveryNode: async (command, ...args) => {
      await Promise.all(nodes.map(({ redis }) => redis.call(command, ...args)));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
