import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeWithParent, watchdogPid } from './watchdog.ts';
import { poll } from './poll.ts';

interface Holder {
  pid: number;
  watchdog: number | undefined;
}

/** Another process uses the data folder. */
export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning';
  readonly pid: number;

  constructor(path: string, pid: number) {
    super(`process ${pid} uses ${dirname(path)} already`);
    this.pid = pid;
  }
}

export interface RunLock extends Disposable {
  /** Adds facts about the run for other commands. */
  note(facts: Record<string, string>): void;
}

/** Locks a data folder for this process. Waits until the processes of a killed holder have ended. */
export async function holdLock(path: string): Promise<RunLock> {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    const holder = readHolder(path);
    if (holder) {
      if (isRunning(holder.pid, 'start')) throw new AlreadyRunning(path, holder.pid);
      if (holder.watchdog !== undefined && isRunning(holder.watchdog, 'devstack-watchdog')) {
        await poll(() => !isRunning(holder.watchdog as number, 'devstack-watchdog'), {
          timeoutMs: 60_000,
          everyMs: 100,
          what: 'the processes of a run that was killed to end',
        });
      }
      rmSync(path, { force: true });
    }
    const own: Holder = { pid: process.pid, watchdog: watchdogPid() };
    try {
      writeFileSync(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
      removeWithParent(path);
      return {
        note: (facts) => writeFileSync(path, JSON.stringify({ ...own, ...facts })),
        [Symbol.dispose]: () => rmSync(path, { force: true }),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether a process with this id and this word in its command line runs. The id may belong to another process by now. */
function isRunning(pid: number, word: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
  } catch {
    return process.platform !== 'linux';
  }
}
