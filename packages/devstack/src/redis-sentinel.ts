import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { findExecutable } from './executables.ts';
import { leashPath } from './leash.ts';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { RedisMissing, type RedisServer, startRedisServer } from './redis-server.ts';

/** A master with a replica, and a sentinel that makes the replica the master when that is gone. */
export interface SentinelRedis extends AsyncDisposable {
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
}

const NAME = 'front-desk';

export async function startSentinelRedis(): Promise<SentinelRedis> {
  const command = findExecutable('redis-server', 'valkey-server');
  if (!command) throw new RedisMissing('neither redis-server nor valkey-server is on the PATH');
  await using starting = new AsyncDisposableStack();
  const master = starting.use(await startRedisServer());
  const replica = starting.use(
    await startRedisServer({ args: ['--replicaof', '127.0.0.1', String(master.port)] }),
  );
  await poll(() => master.output().includes('Synchronization with replica'), {
    timeoutMs: 20_000,
    what: 'the replica to be in step',
  });

  const dir = await mkdtemp(join(tmpdir(), 'prosaas-sentinel-'));
  leashPath(dir);
  starting.defer(() => rm(dir, { recursive: true, force: true }));
  const port = await freePort();
  // It writes what it learns into this file.
  const config = join(dir, 'sentinel.conf');
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
  ];
  await writeFile(config, `${settings.join('\n')}\n`);
  const sentinel = await startChild({
    name: 'sentinel',
    command,
    args: [config, '--sentinel'],
    stage: 'redis',
  });
  starting.defer(async () => void (await sentinel.stop()));
  await poll(() => sentinel.output().includes(`+slave slave 127.0.0.1:${replica.port}`), {
    timeoutMs: 20_000,
    what: 'the sentinel to know the replica',
  });
  const resources = starting.move();
  return {
    url: `redis+sentinel://127.0.0.1:${port}/${NAME}`,
    master,
    replica,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
