import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { type StopGroup, stopWithParent, forgetChild } from './watchdog.ts';

const KEPT_LINES = 2000;

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  stopGroup: StopGroup;
  stopSignal?: NodeJS.Signals;
  env?: Record<string, string | undefined>;
  cwd?: string;
  onLine?: (line: string) => void;
}

export interface Child {
  name: string;
  pid: number;
  /** The last lines of stdout and stderr. */
  output(): string;
  /** The exit code, or the name of the signal that ended the process. */
  exited: Promise<number | NodeJS.Signals>;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Sends the stop signal, and SIGKILL if the process still runs after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<number | NodeJS.Signals>;
}

/** Starts a child in a process group of its own, so that a terminal's Ctrl-C does not reach it. It ends when this process does. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, stopGroup, stopSignal = 'SIGTERM', env, cwd, onLine } = options;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${name} could not be started: ${command}`, { cause })));
  });
  const pid = child.pid as number;
  stopWithParent(stopGroup, stopSignal, pid);

  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
      onLine?.(line);
    });
  }

  let running = true;
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', () => {
      running = false;
      forgetChild(pid);
    });
    // 'close' comes after the last line of output.
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });

  return {
    name,
    pid,
    output: () => lines.join('\n'),
    exited,
    running: () => running,
    kill: (signal) => {
      if (running) child.kill(signal);
    },
    stop: async (timeoutMs = 30_000) => {
      if (running) {
        child.kill('SIGCONT');
        child.kill(stopSignal);
      }
      const timeout = new AbortController();
      const killed = delay(timeoutMs, undefined, { signal: timeout.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      const code = await exited;
      timeout.abort();
      await killed;
      return code;
    },
  };
}
