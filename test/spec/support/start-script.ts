import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, isPortFree, poll, startChild } from '@prosaas/devstack';

const script = fileURLToPath(new URL('../../../deploy/redis/start.sh', import.meta.url));

/** Redis or Valkey of this machine, run by `deploy/redis/start.sh` as in its container. */
export interface ScriptedRedis extends AsyncDisposable {
  readonly port: number;
  /** The folder of the AOF. */
  readonly dataDir: string;
  readonly passwordFile: string;
  /** The URL with the user and password of the services. */
  url(): Promise<string>;
  /** The output of the script and the server, over all starts. */
  output(): string;
  /** Starts the script with further options for the server. Does not wait until the port is open. */
  launch(...args: string[]): Promise<Child>;
  /** Starts the script and waits until the port is open. */
  start(...args: string[]): Promise<void>;
  /** Sends the signal. Resolves to the exit code. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Deletes the password, which happens when its volume is not used any more. */
  forgetPassword(): Promise<void>;
}

export async function scriptedRedis(): Promise<ScriptedRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'prosaas-start-script-'));
  const dataDir = join(folder, 'data');
  const passwordFile = join(folder, 'redis-password');
  await mkdir(dataDir);
  const port = await freePort();
  const lines: string[] = [];
  let child: Child | undefined;

  const redis: ScriptedRedis = {
    port,
    dataDir,
    passwordFile,
    url: async () => `redis://prosaas:${await readFile(passwordFile, 'utf8')}@127.0.0.1:${port}/0`,
    output: () => lines.join('\n'),
    async launch(...args) {
      child = await startChild({
        name: 'redis',
        command: '/bin/sh',
        args: [script, '--bind', '127.0.0.1', ...args],
        stopGroup: 'redis',
        env: {
          // Package managers put servers into folders that are not on every PATH.
          PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`,
          TMPDIR: folder,
          DATA_DIR: dataDir,
          REDIS_PASSWORD_FILE: passwordFile,
          PORT: String(port),
        },
        onLine: (line) => lines.push(line),
      });
      return child;
    },
    async start(...args) {
      const started = await redis.launch(...args);
      const isOpen = async (): Promise<boolean> => !started.running() || !(await isPortFree(port));
      await poll(isOpen, { timeoutMs: 60_000, everyMs: 20, what: 'the port of start.sh' });
      if (!started.running()) throw new Error(`start.sh ended at once:\n${started.output()}`);
    },
    async end(signal) {
      child!.kill(signal);
      return child!.exited;
    },
    forgetPassword: () => rm(passwordFile),
    async [Symbol.asyncDispose]() {
      await child?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return redis;
}
