import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { freePort, poll } from '@prosaas/devstack';

export const repository: string = fileURLToPath(new URL('../../../', import.meta.url));

/** A stack that `npm start` runs, with its own data folder and ports. */
export interface Started extends AsyncDisposable {
  dataDir: string;
  ports: { api: number; calls: number; baileys: number; redis: number };
  /** The environment for commands that use this stack. */
  env: NodeJS.ProcessEnv;
  lines: string[];
  /** Waits for a line that contains the text. */
  says(text: string): Promise<string>;
  exited: Promise<number | null>;
}

export async function npmStart(args: string[] = []): Promise<Started> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(args);
    } catch (error) {
      // Another process took a port before a service listened on it.
      if (attempt === 3 || !/EADDRINUSE|is taken by/.test(String(error))) throw error;
    }
  }
}

async function startOnce(args: string[]): Promise<Started> {
  const dataDir = await mkdtemp(join(tmpdir(), 'prosaas-start-'));
  const ports = { api: await freePort(), calls: await freePort(), baileys: await freePort() };
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    PROSAAS_DATA_DIR: dataDir,
    API_PORT: String(ports.api),
    CALLS_PORT: String(ports.calls),
    BAILEYS_PORT: String(ports.baileys),
    DRAIN_SECONDS: '0',
  };
  const script = ['--conditions=@prosaas/source', 'packages/devstack/src/start.ts', ...args];
  const child: ChildProcess = spawn(process.execPath, script, {
    cwd: repository,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream)
      createInterface({ input: stream }).on('line', (line) => lines.push(stripVTControlCharacters(line)));
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const says = async (text: string): Promise<string> => {
    try {
      const line = await poll(
        () => lines.find((one) => one.includes(text)) ?? (child.exitCode === null ? undefined : 'it ended'),
        { timeoutMs: 120_000, what: text },
      );
      if (!line.includes(text)) throw new Error(line);
      return line;
    } catch (cause) {
      throw new Error(`npm start never said "${text}":\n${lines.slice(-60).join('\n')}`, { cause });
    }
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGINT');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await says('ProSaaS is up after');
    const redis = Number(/:(\d+)\/0/.exec(await says('redis://'))?.[1]);
    return {
      dataDir,
      ports: { ...ports, redis },
      env,
      lines,
      says,
      exited,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The lines before the table of URLs. */
export function linesBeforeTable({ lines }: Pick<Started, 'lines'>): string[] {
  const table = lines.findIndex((line) => line.includes('ProSaaS is up after'));
  return lines.slice(0, table).filter((line) => line !== '');
}
