import { type ChildProcess, fork } from 'node:child_process';
import { type Database, type JobRow, failJobs, recordChildDeath } from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import type { Outcome } from './run-row.ts';
import { Stopping } from './verdict.ts';

/** The first one may have been killed from outside. */
export const MOST_CHILD_DEATHS = 2;
/** Each has a heap and connections of its own. */
const CHILDREN_AT_MOST = 2;
const FULL_MS = 1000;
/** After this a job comes back whose process ended, or could not start. */
const PAUSE_MS = 2000;
/** A process that is still there so long after its job's time limit is stuck. */
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

export function createChildRunner({ db }: { db: Database }): ChildRunner {
  const children = new Set<ChildProcess>();

  const died = async (row: JobRow, how: string, log: Logger): Promise<Outcome> => {
    const deaths = await recordChildDeath(db, row);
    log.error({ how, deaths }, 'the process of the job ended before the job did');
    if (deaths < MOST_CHILD_DEATHS) return { kind: 'requeue', afterMs: PAUSE_MS, released: [] };
    const error = `POISON: ${row.worker_deaths} workers and ${deaths} processes of its own ended while they ran it`;
    const { released } = await db.transaction((tx) => failJobs(tx, [row], error));
    return { kind: 'failed', error, released };
  };

  return {
    async run(row, { signal, log }) {
      if (children.size >= CHILDREN_AT_MOST) return { kind: 'requeue', afterMs: FULL_MS, released: [] };
      let child: ChildProcess;
      try {
        child = fork(script, [row.id, String(row.release)], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        });
      } catch (error) {
        // The machine has no memory or no processes left.
        log.error({ err: error }, 'no process could be started for the job');
        return { kind: 'requeue', afterMs: PAUSE_MS, released: [] };
      }
      children.add(child);
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
        return await died(row, how, log);
      } finally {
        signal.removeEventListener('abort', stop);
        children.delete(child);
      }
    },
    async [Symbol.asyncDispose]() {
      const gone = [...children].map(ended);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

/** How it ended: the signal or the exit code, or why it could not start. */
function ended(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve('exit');
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
