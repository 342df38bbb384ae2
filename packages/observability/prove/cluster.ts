import { freePort, type RedisServer, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { PREFIX } from './catalogue.ts';
import { ask, until } from './world.ts';

const SLOTS = 16_384;

interface Node {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly id: string;
}

/** Three masters; all keys of metrics lie in one slot, and so on one of them. */
export interface Cluster extends AsyncDisposable {
  readonly ports: readonly number[];
  /** The node that has the keys now. */
  readonly owner: RedisServer;
  ready(): Promise<void>;
  /** Moves the slot, with all keys of metrics, to the next node while everyone goes on. */
  moveSlot(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  await using starting = new AsyncDisposableStack();
  const nodes: Node[] = [];
  const busPorts: number[] = [];
  for (let i = 0; i < 3; i++) {
    const busPort = await freePort();
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--appendfsync', 'always'];
    // A node that is frozen is not voted out: nobody could take its place.
    args.push('--cluster-node-timeout', '20000', '--cluster-require-full-coverage', 'no');
    const server = starting.use(await startRedis({ args }));
    const redis = new Redis({ port: server.port, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
    redis.on('error', () => undefined);
    starting.defer(() => redis.disconnect());
    nodes.push({ server, redis, id: await redis.cluster('MYID') });
    busPorts.push(busPort);
  }
  for (const [i, { redis, server }] of nodes.entries()) {
    const from = Math.ceil((SLOTS * i) / 3);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', from, Math.ceil((SLOTS * (i + 1)) / 3) - 1);
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await nodes[0]!.redis.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPorts[i]!);
  }
  const slot = await nodes[0]!.redis.cluster('KEYSLOT', PREFIX);
  let owner = nodes[Math.floor((slot * 3) / SLOTS)]!;
  // A master that was restarted takes no writes for two seconds.
  const ready = async (): Promise<void> => {
    await until('the cluster', async () => {
      const infos = await ask(() => Promise.all(nodes.map(({ redis }) => redis.cluster('INFO'))));
      return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
    });
  };
  await ready();
  const resources = starting.move();

  return {
    ports: nodes.map(({ server }) => server.port),
    get owner() {
      return owner.server;
    },
    ready,
    moveSlot: async () => {
      const from = owner;
      const to = nodes[(nodes.indexOf(from) + 1) % nodes.length]!;
      await to.redis.cluster('SETSLOT', slot, 'IMPORTING', from.id);
      await from.redis.cluster('SETSLOT', slot, 'MIGRATING', to.id);
      await until('an empty slot', async () => {
        const keys = await from.redis.cluster('GETKEYSINSLOT', slot, 1000);
        if (keys.length === 0) return true;
        await from.redis.migrate('127.0.0.1', to.server.port, '', 0, 5000, 'KEYS', ...keys);
        return undefined;
      });
      const others = nodes.filter((node) => node !== to && node !== from);
      for (const node of [to, from, ...others]) await node.redis.cluster('SETSLOT', slot, 'NODE', to.id);
      owner = to;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
