import { Redis } from 'ioredis';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';

const SLOTS = 16_384;
const NODES = 3;

/** Three masters on this machine. What is done to it is done to all of them; a single one is in `servers`. */
export interface RedisCluster extends RedisServer {
  readonly servers: readonly RedisServer[];
  readonly ports: readonly number[];
  /** The node that holds a key now. */
  ownerOf(key: string): Promise<RedisServer>;
  /** Resolves when all nodes agree on who holds what. */
  ready(): Promise<void>;
  /** Moves the slot of a key, with all that is in it, to the next node while everyone goes on. */
  moveSlotOf(key: string): Promise<void>;
}

export async function startRedisCluster(args: readonly string[] = []): Promise<RedisCluster> {
  await using starting = new AsyncDisposableStack();
  const servers: RedisServer[] = [];
  const clients: Redis[] = [];
  const busPorts: number[] = [];
  for (let index = 0; index < NODES; index++) {
    const busPort = await freePort();
    const own = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
    // A node that stands still is not voted out: nobody could take its place.
    own.push('--cluster-node-timeout', '20000', '--cluster-require-full-coverage', 'no');
    const server = starting.use(await startRedisServer({ args: [...own, ...args] }));
    const client = new Redis({ port: server.port, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
    client.on('error', () => undefined);
    starting.defer(() => client.disconnect());
    servers.push(server);
    clients.push(client);
    busPorts.push(busPort);
  }
  const ids = await Promise.all(clients.map((client) => client.cluster('MYID')));
  for (const [index, client] of clients.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.ceil((SLOTS * part) / NODES)) as [
      number,
      number,
    ];
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (index > 0)
      await clients[0]!.call('CLUSTER', 'MEET', '127.0.0.1', servers[index]!.port, busPorts[index]!);
  }

  const agrees = async (client: Redis): Promise<boolean> => {
    const info = await client.cluster('INFO').catch(() => '');
    return /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${NODES}`);
  };
  // A master that was restarted takes no writes for two seconds.
  const ready = async (): Promise<void> => {
    await poll(async () => (await Promise.all(clients.map(agrees))).every(Boolean), {
      timeoutMs: 30_000,
      everyMs: 20,
      what: 'the cluster to be whole',
    });
  };
  const ownerIndex = async (key: string): Promise<number> => {
    const slot = await clients[0]!.cluster('KEYSLOT', key);
    const ranges = (await clients[0]!.cluster('SLOTS')) as unknown as [number, number, [string, number]][];
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
    return servers.findIndex((server) => server.port === port);
  };
  await ready();
  const resources = starting.move();

  const all = async (act: (server: RedisServer) => Promise<void>): Promise<void> => {
    await Promise.all(servers.map(act));
  };
  return {
    url: `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    servers,
    ports: servers.map(({ port }) => port),
    port: servers[0]!.port,
    dir: servers[0]!.dir,
    get pid() {
      return servers[0]!.pid;
    },
    output: () => servers.map((server) => server.output()).join('\n'),
    stop: () => all((server) => server.stop()),
    start: async () => {
      await all((server) => server.start());
      await ready();
    },
    kill: () => all((server) => server.kill()),
    freeze: () => {
      for (const server of servers) server.freeze();
    },
    thaw: () => {
      for (const server of servers) server.thaw();
    },
    ready,
    ownerOf: async (key) => servers[await ownerIndex(key)]!,
    moveSlotOf: async (key) => {
      const slot = await clients[0]!.cluster('KEYSLOT', key);
      const from = await ownerIndex(key);
      const to = (from + 1) % NODES;
      const [giver, taker] = [clients[from]!, clients[to]!];
      await taker.cluster('SETSLOT', slot, 'IMPORTING', ids[from]!);
      await giver.cluster('SETSLOT', slot, 'MIGRATING', ids[to]!);
      for (;;) {
        const keys = await giver.cluster('GETKEYSINSLOT', slot, 1000);
        if (keys.length === 0) break;
        await giver.migrate('127.0.0.1', servers[to]!.port, '', 0, 5000, 'KEYS', ...keys);
      }
      // The taker first: nobody is sent where it is not taken.
      for (const client of [taker, giver, ...clients.filter((other) => other !== taker && other !== giver)])
        await client.cluster('SETSLOT', slot, 'NODE', ids[to]!);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
