import { type Child, startChild } from './child.ts';
import { hasBeaten } from './heartbeat.ts';
import { poll } from './poll.ts';
import { type ServiceName, repository } from './service-program.ts';

/** A service as a child process. */
export interface ChildService {
  readonly name: ServiceName;
  /** The current process, or the last one. */
  readonly pid: number;
  /** The last lines of stdout and stderr of the current process, or of the last one. */
  output(): string;
  running(): boolean;
  /** Settles when the current process ends. */
  exited(): Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM. Resolves to the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
  kill(signal: NodeJS.Signals): void;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Waits until its health endpoint, or the worker's heartbeat, shows that it works. */
  ready(timeoutMs?: number): Promise<void>;
}

export interface ServiceOptions {
  /** The path of its main module. */
  program: string;
  env: Record<string, string | undefined>;
  /** Answers 200 when the service works; the worker has none. */
  healthUrl: string | undefined;
  redisUrl: string;
  onLine?: (line: string) => void;
}

export async function startService(name: ServiceName, options: ServiceOptions): Promise<ChildService> {
  const { program, env, onLine } = options;
  const launch = (): Promise<Child> =>
    startChild({
      name,
      command: process.execPath,
      args: ['--conditions=@prosaas/source', program],
      stopGroup: 'services',
      cwd: repository,
      env,
      ...(onLine === undefined ? {} : { onLine }),
    });
  let child = await launch();
  const service: ChildService = {
    name,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    running: () => child.running(),
    exited: () => child.exited,
    stop: () => child.stop(),
    kill: (signal) => child.kill(signal),
    start: async () => {
      if (!child.running()) child = await launch();
    },
    restart: async () => {
      await child.stop();
      child = await launch();
    },
    ready: (timeoutMs = 60_000) => untilReady(child, options, timeoutMs),
  };
  return service;
}

async function untilReady(child: Child, options: ServiceOptions, timeoutMs: number): Promise<void> {
  const { healthUrl, redisUrl } = options;
  let last = 'it did not answer';
  const ready = async (): Promise<boolean> => {
    if (!child.running()) return true;
    if (healthUrl === undefined) return hasBeaten(redisUrl, child.pid);
    const response = await fetch(healthUrl, { signal: AbortSignal.timeout(5000) });
    const body = await response.text();
    if (!response.ok) last = `${response.status} ${body}`;
    return response.ok;
  };
  try {
    await poll(ready, { timeoutMs, everyMs: 250, what: `${child.name} to be ready` });
  } catch (cause) {
    throw new Error(`${child.name} is not ready after ${timeoutMs / 1000} s: ${last}\n${child.output()}`, {
      cause,
    });
  }
  if (!child.running()) {
    const code = await child.exited;
    throw new Error(`${child.name} ended at once (${code}):\n${child.output()}`);
  }
}
