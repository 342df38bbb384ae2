import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { findExecutable } from './executables.ts';
import { removeWithParent } from './watchdog.ts';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';

export interface RedisOptions {
  port?: number;
  /** Where the data is kept (AOF, fsync every second). Without it the data is removed on disposal; `stop` and `start` keep it. */
  dir?: string;
  /** Further arguments of the server, such as `['--appendfsync', 'always']`. */
  args?: string[];
  onLine?: (line: string) => void;
}

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** The current process; another one after `start`. */
  readonly pid: number;
  output(): string;
  /** Settles when the current process ends. */
  exited(): Promise<number | NodeJS.Signals>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The process stops answering, connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Ends the process like a crash: nothing is saved. */
  kill(): Promise<void>;
}

export class RedisMissing extends Error {
  override name = 'RedisMissing';
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const command = findExecutable('redis-server', 'valkey-server');
  if (!command) throw new RedisMissing('neither redis-server nor valkey-server is on the PATH');
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'prosaas-redis-')));
  if (options.dir === undefined) removeWithParent(dir);
  else await mkdir(dir, { recursive: true });

  let port = options.port ?? (await freePort());
  const launch = (): Promise<Child> => launchRedis(command, port, dir, options);
  let child: Child;
  try {
    child = await launch();
  } catch (error) {
    if (options.port !== undefined) throw error;
    // Another process took the port before this one listened on it.
    port = await freePort();
    child = await launch();
  }

  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    exited: () => child.exited,
    stop: async () => {
      await child.stop();
    },
    start: async () => {
      if (!child.running()) child = await launch();
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launchRedis(
  command: string,
  port: number,
  dir: string,
  options: RedisOptions,
): Promise<Child> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  args.push('--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--loglevel', 'notice');
  args.push(...(options.args ?? []));
  const { onLine } = options;
  const child = await startChild({
    name: 'redis',
    command,
    args,
    stopGroup: 'redis',
    ...(onLine === undefined ? {} : { onLine }),
  });
  // Not by PING, which another server on the port would answer.
  const ready = (): boolean => !child.running() || child.output().includes('Ready to accept connections');
  try {
    await poll(ready, { timeoutMs: 20_000, everyMs: 10, what: `redis on port ${port}` });
  } catch (error) {
    await child.stop(2000);
    throw error;
  }
  if (!child.running()) {
    await child.exited;
    throw new Error(`Redis did not start on port ${port}:\n${child.output()}`);
  }
  return child;
}

/** A Redis for a test file. It ends when it is disposed of, or with the process. */
export function testRedis(options: Pick<RedisOptions, 'args'> = {}): Promise<RedisServer> {
  return startRedis(options);
}
