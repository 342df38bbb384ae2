import { type ChildProcess, fork } from 'node:child_process';
import type { Profile } from '@prosaas/agentkit';
import { type Database, type JobRow, recordChildDeaths } from '@prosaas/database';
import { type QueueName, queueTable } from '@prosaas/queues';
import { type Logger, retryForever } from '@prosaas/runtime';
import type { AnswerOutcomes } from '@prosaas/telemetry';
import type { Outcome } from './run-row.ts';
import { Stopping, describeError } from './job-errors.ts';

/** Bounded because each child has its own heap and connections. */
const MAX_CHILDREN = 2;
const RETRY_WHEN_FULL_MS = 1000;
/** Delay before a job is tried again whose child died or could not start. */
const RETRY_AFTER_DEATH_MS = 2000;
const RECORD_RETRY = { baseMs: 200, maxMs: 2000 };
/** A child that still runs this long after its job's time limit is killed. */
const GRACE_MS = 5000;

const script = import.meta.url.endsWith('.ts')
  ? new URL('./job-process.ts', import.meta.url)
  : new URL('./job-process.js', import.meta.url);

/** What a child process sends when it has run its job. It publishes no metrics: the worker counts what its agent did. */
export interface ChildReport {
  outcome: Outcome;
  answers: Parameters<AnswerOutcomes['onAnswer']>[0][];
  modelCalls: Parameters<AnswerOutcomes['onModelCall']>[0][];
}

interface ChildRunnerOptions extends AnswerOutcomes {
  db: Database;
  profile: () => Profile;
}

export interface ChildRunner extends AsyncDisposable {
  /**
   * Runs one attempt of a job in a child process, which exits afterwards. If the child dies, a child death is recorded for the job, and no
   * attempt is used up.
   */
  run(row: JobRow, context: { signal: AbortSignal; log: Logger }): Promise<Outcome>;
}

/** A child gets the worker's current profile, because the file may have become invalid since. */
export function createChildRunner({ db, profile, onAnswer, onModelCall }: ChildRunnerOptions): ChildRunner {
  const children = new Set<ChildProcess>();
  const closing = new AbortController();

  /** Only this worker knows of the death, so it retries for as long as PostgreSQL is away. */
  const recordDeath = async (row: JobRow, how: string, log: Logger): Promise<void> => {
    log.error({ how }, 'the child process died before its job was done');
    const deaths = row.child_deaths + 1;
    await retryForever(() => recordChildDeaths(db, row, deaths), {
      signal: closing.signal,
      ...RECORD_RETRY,
    });
  };

  return {
    async run(row, { signal, log }) {
      if (children.size >= MAX_CHILDREN)
        return { kind: 'requeue', afterMs: RETRY_WHEN_FULL_MS, released: [] };
      const child = forkChild(row);
      if (typeof child === 'string') {
        // The machine is out of memory or processes.
        log.error({ error: child }, 'the child process could not be started');
        return { kind: 'requeue', afterMs: RETRY_AFTER_DEATH_MS, released: [] };
      }
      children.add(child);
      // An error means that the child has exited, which is handled below.
      child.send(profile(), () => {});
      log.info({ pid: child.pid }, 'the job runs in a child process: workers died while running it');
      let report: ChildReport | undefined;
      child.on('message', (message) => (report = message as ChildReport));
      const kill = (): void => void child.kill('SIGKILL');
      const stop = (): void => {
        if (signal.reason instanceof Stopping) kill();
        else setTimeout(kill, GRACE_MS).unref();
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      try {
        const how = await exitOf(child);
        if (report) {
          for (const source of report.answers) onAnswer(source);
          for (const call of report.modelCalls) onModelCall(call);
          return report.outcome;
        }
        if (signal.reason instanceof Stopping) return { kind: 'requeue', afterMs: 0, released: [] };
        await recordDeath(row, how, log);
        return { kind: 'requeue', afterMs: RETRY_AFTER_DEATH_MS, released: [] };
      } finally {
        signal.removeEventListener('abort', stop);
        children.delete(child);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      const exits = [...children].map(exitOf);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(exits);
    },
  };
}

/** Returns the child process, or why it could not be started. */
function forkChild({ id, release, queue }: JobRow): ChildProcess | string {
  const { timeLimitMs } = queueTable[queue as QueueName];
  try {
    const child = fork(script, [id, String(release), String(timeLimitMs)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // Without a listener the `error` event of a failed start would crash the worker.
    child.on('error', () => {});
    return child.pid === undefined ? 'spawn failed' : child;
  } catch (error) {
    return describeError(error);
  }
}

/** Resolves with the signal or the exit code. */
function exitOf(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve('exit');
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
