import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, isPortFree, poll, startChild } from '@prosaas/devstack';

const script = fileURLToPath(new URL('../../../deploy/redis/start.sh', import.meta.url));

/** This machine's Redis, or Valkey, as `deploy/redis/start.sh` runs it in its container. */
export interface ScriptedRedis extends AsyncDisposable {
  readonly port: number;
  /** Where the AOF is. */
  readonly dataDir: string;
  readonly passwordFile: string;
  /** With the name and the password of the services' user. */
  url(): Promise<string>;
  /** Everything that the script and the server have printed, over all starts. */
  output(): string;
  /** Starts it with further options of the server; does not wait. */
  launch(...args: string[]): Promise<Child>;
  /** Starts it and waits until its port is open. */
  start(...args: string[]): Promise<void>;
  /** Ends it; resolves to its exit code. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** The password that it has is gone, as when nobody uses its volume any more. */
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
          // Where package managers put servers, which is not on everybody's PATH.
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
