import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startChild } from './child.ts';
import { findExecutable } from './executables.ts';
import { removeWithParent } from './watchdog.ts';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { RedisMissing, type RedisServer, startRedis } from './redis.ts';

const MASTER = 'mymaster';

/** A master, its replica, and one sentinel, which considers the master down after half a second. */
export interface SentinelRedis extends AsyncDisposable {
  /** `redis+sentinel://...` */
  readonly url: string;
  /** Master and replica by port. */
  readonly servers: ReadonlyMap<number, RedisServer>;
  /** The port of the master as the sentinel sees it. */
  masterPort(): Promise<number>;
  /** Makes the replica the master, as an operator does. No data is lost. */
  switchOver(): Promise<void>;
}

export async function startSentinelRedis(): Promise<SentinelRedis> {
  const command = findExecutable('redis-server', 'valkey-server');
  if (!command) throw new RedisMissing('neither redis-server nor valkey-server is on the PATH');
  await using starting = new AsyncDisposableStack();
  const master = starting.use(await startRedis());
  const replica = starting.use(await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] }));

  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'prosaas-sentinel-'));
  removeWithParent(dir);
  starting.defer(() => rm(dir, { recursive: true, force: true }));
  const config = join(dir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${MASTER} 500`,
    `sentinel failover-timeout ${MASTER} 2000`,
  ];
  await writeFile(config, lines.join('\n'));
  const child = await startChild({
    name: 'sentinel',
    command,
    args: [config, '--sentinel'],
    stopGroup: 'redis',
  });
  starting.defer(async () => {
    await child.stop();
  });

  const sentinel = new Redis({ port, retryStrategy: () => 50 });
  sentinel.on('error', () => undefined);
  starting.defer(() => sentinel.disconnect());
  // The sentinel promotes only a replica that it has heard from lately.
  const replicaIsReady = async (): Promise<boolean> => {
    const [seen] = (await sentinel.call('SENTINEL', 'REPLICAS', MASTER)) as unknown[];
    const text = JSON.stringify(seen ?? '');
    return /"master-link-status",?:?"ok"/.test(text) && !/disconnected|s_down/.test(text);
  };
  await poll(replicaIsReady, { what: 'a replica that can take over' });
  const resources = starting.move();

  const masterPort = async (): Promise<number> => {
    const [, found] = (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)) as string[];
    return Number(found);
  };
  return {
    url: `redis+sentinel://127.0.0.1:${port}/${MASTER}`,
    servers: new Map([master, replica].map((server) => [server.port, server])),
    masterPort,
    switchOver: async () => {
      const before = await masterPort();
      await poll(() => sentinel.call('SENTINEL', 'FAILOVER', MASTER), { what: 'the sentinel to begin' });
      await poll(async () => (await masterPort()) !== before, { what: 'another master' });
      await poll(replicaIsReady, { what: 'the old master to follow the new one' });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
