import { Redis } from 'ioredis';
import { startRedis } from './redis.ts';
import { startRedisCluster } from './redis-cluster.ts';

/** The Redis of a test that must pass on a single server and on a cluster. */
export interface EitherRedis extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The processes stop answering, connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Runs a command on each node: FLUSHALL, SCRIPT FLUSH. */
  onEveryNode(command: string, ...args: string[]): Promise<void>;
}

/** Starts a Redis for a test file: one server, or three nodes if the vitest project sets `TEST_REDIS=cluster`. */
export function eitherRedis({ key }: { key: string }): Promise<EitherRedis> {
  return process.env['TEST_REDIS'] === 'cluster' ? threeNodes(key) : oneServer();
}

async function oneServer(): Promise<EitherRedis> {
  const server = await startRedis();
  return {
    url: server.url,
    stop: () => server.stop(),
    start: () => server.start(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async onEveryNode(command, ...args) {
      const redis = new Redis(server.url);
      try {
        await redis.call(command, ...args);
      } finally {
        redis.disconnect();
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function threeNodes(key: string): Promise<EitherRedis> {
  const cluster = await startRedisCluster({ key });
  const { nodes } = cluster;
  return {
    url: cluster.url,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
    async start() {
      await Promise.all(nodes.map((node) => node.start()));
      await cluster.ready();
    },
    freeze: () => nodes.forEach((node) => node.freeze()),
    thaw: () => nodes.forEach((node) => node.thaw()),
    onEveryNode: (command, ...args) => cluster.onEveryNode(command, ...args),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
