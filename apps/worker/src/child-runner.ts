import { type ChildProcess, fork } from 'node:child_process';
import type { Profile } from '@prosaas/agentkit';
import { type Database, type JobRow, recordChildDeaths } from '@prosaas/database';
import { type QueueName, queueTable } from '@prosaas/queues';
import { type Logger, retryForever } from '@prosaas/runtime';
import type { Outcome } from './run-row.ts';
import { Stopping, describeError } from './verdict.ts';

/** Each has a heap and connections of its own. */
const PROCESSES_AT_ONCE = 2;
const FULL_MS = 1000;
/** Before a job is tried again whose process died or could not start. */
const PAUSE_MS = 2000;
const RECORD_AGAIN = { baseMs: 200, maxMs: 2000 };
/** A process that still runs this long after its job's time limit is stuck, and is killed. */
const GRACE_MS = 5000;

const script = import.meta.url.endsWith('.ts')
  ? new URL('./job-process.ts', import.meta.url)
  : new URL('./job-process.js', import.meta.url);

export interface ChildRunner extends AsyncDisposable {
  /**
   * One attempt of a job in a process of its own, which does this job and ends. When the process dies instead, that is held against
   * the job, and uses up no attempt.
   */
  run(row: JobRow, context: { signal: AbortSignal; log: Logger }): Promise<Outcome>;
}

/** A process gets the profile that is in use here: its file may have faults by now. */
export function createChildRunner({ db, profile }: { db: Database; profile: () => Profile }): ChildRunner {
  const children = new Set<ChildProcess>();
  const closing = new AbortController();

  /** Only this worker knows of the death, so it waits for PostgreSQL however long that is away. */
  const recordDeath = async (row: JobRow, how: string, log: Logger): Promise<void> => {
    log.error({ how }, "the job's own process died before the job was done");
    const deaths = row.child_deaths + 1;
    await retryForever(() => recordChildDeaths(db, row, deaths), {
      signal: closing.signal,
      ...RECORD_AGAIN,
    });
  };

  return {
    async run(row, { signal, log }) {
      if (children.size >= PROCESSES_AT_ONCE) return { kind: 'requeue', afterMs: FULL_MS, released: [] };
      const child = start(row);
      if (typeof child === 'string') {
        // The machine has no memory or no processes left.
        log.error({ error: child }, 'no process could be started for the job');
        return { kind: 'requeue', afterMs: PAUSE_MS, released: [] };
      }
      children.add(child);
      // One that is gone is noticed below.
      child.send(profile(), () => {});
      log.info({ pid: child.pid }, 'the job runs in a process of its own: workers died while they ran it');
      let outcome: Outcome | undefined;
      child.on('message', (message) => (outcome = message as Outcome));
      const kill = (): void => void child.kill('SIGKILL');
      const stop = (): void => {
        if (signal.reason instanceof Stopping) kill();
        else setTimeout(kill, GRACE_MS).unref();
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      try {
        const how = await ended(child);
        if (outcome) return outcome;
        if (signal.reason instanceof Stopping) return { kind: 'requeue', afterMs: 0, released: [] };
        await recordDeath(row, how, log);
        return { kind: 'requeue', afterMs: PAUSE_MS, released: [] };
      } finally {
        signal.removeEventListener('abort', stop);
        children.delete(child);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      const gone = [...children].map(ended);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

/** The process of the job, or why there is none. */
function start({ id, release, queue }: JobRow): ChildProcess | string {
  const { timeLimitMs } = queueTable[queue as QueueName];
  try {
    const child = fork(script, [id, String(release), String(timeLimitMs)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // Without a listener, the `error` event of a failed start would end the worker.
    child.on('error', () => {});
    return child.pid === undefined ? 'spawn failed' : child;
  } catch (error) {
    return describeError(error);
  }
}

/** How it ended: the signal or the exit code. */
function ended(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve('exit');
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
