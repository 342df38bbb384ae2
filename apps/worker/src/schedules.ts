import { setTimeout as delay } from 'node:timers/promises';
import { type Database, claimScheduleRun, recordScheduleRun } from '@prosaas/database';
import type { Schedule } from '@prosaas/queues';
import { outageLog, type Logger } from '@prosaas/runtime';
import { RunningJobs } from './running-jobs.ts';
import { Stopping, describeError } from './job-errors.ts';

export interface ScheduleOptions<Name extends string> {
  db: Database;
  table: Readonly<Record<Name, Schedule>>;
  /** Tasks must be idempotent, because a run may be repeated. A task ends early and without an error when the signal aborts. */
  tasks: Readonly<Record<Name, (signal: AbortSignal) => Promise<void>>>;
  /** Called after each run. */
  onRun: (name: Name, outcome: 'completed' | 'failed') => void;
  instance: string;
  log: Logger;
  /** How often to check what is due, at most. */
  everyMs?: number;
}

export interface ScheduleRunner extends AsyncDisposable {
  /** Starts no more runs, and aborts those in progress. */
  stop(): void;
}

/**
 * Runs scheduled tasks. Each run is claimed in PostgreSQL by one replica, and PostgreSQL's clock decides when it is due. A run whose
 * worker died is repeated after its time limit; a failed one is repeated sooner than its interval.
 */
export function startSchedules<Name extends string>({
  db,
  table,
  tasks,
  onRun,
  instance,
  log,
  everyMs = 5000,
}: ScheduleOptions<Name>): ScheduleRunner {
  const running = new RunningJobs();
  const ending = new AbortController();
  const outage = outageLog(log, {
    waiting: 'scheduled tasks cannot run yet',
    begins: 'scheduled tasks fail',
    ends: 'scheduled tasks run again',
  });

  const run = async (name: Name, startedAt: string): Promise<void> => {
    using job = running.begin(table[name].timeLimitMs);
    const began = performance.now();
    let error: string | null = null;
    try {
      await tasks[name](job.signal);
    } catch (failure) {
      error = describeError(failure);
      log.debug({ err: failure, schedule: name }, 'a scheduled run failed');
      outage.failed(failure, { source: name, fields: { schedule: name } });
    }
    const outcome = error === null ? 'completed' : 'failed';
    onRun(name, outcome);
    if (error === null) outage.worked(name);
    const ranMs = Math.round(performance.now() - began);
    await recordScheduleRun(db, name, {
      started_at: startedAt,
      ran_ms: ranMs,
      outcome,
      error,
      worker: instance,
    });
  };

  const loop = async (name: Name): Promise<void> => {
    const { everySeconds, timeLimitMs } = table[name];
    const claimSource = `claims of ${name}`;
    while (!ending.signal.aborted) {
      try {
        const startedAt = await claimScheduleRun(db, {
          name,
          everySeconds,
          limitSeconds: timeLimitMs / 1000,
        });
        if (startedAt !== undefined) await run(name, startedAt);
        outage.worked(claimSource);
      } catch (error) {
        outage.failed(error, { source: claimSource });
      }
      await delay(Math.min(everyMs, everySeconds * 1000), undefined, { signal: ending.signal }).catch(
        () => {},
      );
    }
  };
  const loops = Promise.all((Object.keys(table) as Name[]).map(loop));

  const stop = (): void => {
    ending.abort();
    running.abortAll(new Stopping('the worker stops'));
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      stop();
      await loops;
      outage.forget();
    },
  };
}
