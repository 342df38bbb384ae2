import { setTimeout as delay } from 'node:timers/promises';
import { SCHEDULES, openSchedules, type Schedule } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ConsumerTimes } from './consumers.ts';
import { RunningJobs } from './running-jobs.ts';
import { Stopping, describeError, reportOf } from './verdict.ts';

export interface ScheduleOptions<Name extends string> {
  /** Fails fast. */
  commands: Redis;
  /** Waits. */
  blocking: Redis;
  bullPrefix: string;
  table: Readonly<Record<Name, Schedule>>;
  /** What is done; a run must be harmless when a part of it was done before. It ends early, and without a fault, when the signal aborts. */
  tasks: Readonly<Record<Name, (signal: AbortSignal) => Promise<void>>>;
  /** A run ended. */
  onRun: (name: Name, outcome: 'completed' | 'failed') => void;
  instance: string;
  log: Logger;
  times: Pick<ConsumerTimes, 'lockMs' | 'stalledMs'>;
}

export interface ScheduleRunner extends AsyncDisposable {
  worker: Worker;
  /** No run begins from now on, and the one under way ends early. */
  stop(): void;
}

/** A Redis that lost its data has the schedules back within this. */
const SET_UP_EVERY_MS = 30_000;
const FAILURE_PAUSE_MS = 1000;

/**
 * Does what is scheduled, in turn with the other replicas: each tick is one job, so one of them gets it. Ticks that nobody was
 * there for are one run, when somebody is. A run whose worker died is done again; one that failed is left to the next tick.
 */
export function startSchedules<Name extends string>({
  commands,
  blocking,
  bullPrefix,
  table,
  tasks,
  onRun,
  instance,
  log,
  times,
}: ScheduleOptions<Name>): ScheduleRunner {
  const schedules = openSchedules({ redis: commands, bullPrefix, table });
  const running = new RunningJobs();

  const run = async ({ name: given }: Job): Promise<void> => {
    const name = given as Name;
    // Another build's, during an upgrade.
    if (!Object.hasOwn(tasks, name)) {
      log.warn({ schedule: name }, 'a run of a schedule that this build does not have was passed over');
      return;
    }
    using job = running.begin(table[name].timeLimitMs);
    const began = Date.now();
    let failure: unknown;
    try {
      await tasks[name](job.signal);
    } catch (error) {
      failure = error;
      log.warn({ ...reportOf(error), schedule: name }, 'a scheduled run failed; the next one is due as ever');
    }
    const outcome = failure === undefined ? 'completed' : 'failed';
    onRun(name, outcome);
    await schedules
      .record(name, {
        started_at: new Date(began).toISOString(),
        ran_ms: Date.now() - began,
        outcome,
        error: failure === undefined ? null : describeError(failure),
        worker: instance,
      })
      .catch((error: unknown) => log.debug({ err: error }, 'a scheduled run was not recorded'));
    if (failure !== undefined) throw new Error(describeError(failure));
  };

  const worker = new Worker(SCHEDULES, run, {
    connection: blocking,
    prefix: bullPrefix,
    // None waits for another.
    concurrency: Object.keys(table).length,
    lockDuration: times.lockMs,
    stalledInterval: times.stalledMs,
    drainDelay: 5,
    runRetryDelay: 1000,
  });
  worker.on('error', (error) => log.debug({ err: error, queue: SCHEDULES }, 'BullMQ worker'));

  const leaving = new AbortController();
  const lookAfter = async (): Promise<void> => {
    for (let prune = true; !leaving.signal.aborted;) {
      let pauseMs = SET_UP_EVERY_MS;
      try {
        await schedules.setUp({ prune });
        prune = false;
      } catch (error) {
        log.debug({ err: error }, 'the schedules could not be looked after yet');
        pauseMs = FAILURE_PAUSE_MS;
      }
      await delay(pauseMs, undefined, { signal: leaving.signal }).catch(() => {});
    }
  };
  const lookingAfter = lookAfter();

  let stopped: Promise<void> | undefined;
  const stop = (): void => {
    leaving.abort();
    running.abortAll(new Stopping('the worker stops'));
    stopped ??= worker.close();
  };
  return {
    worker,
    stop,
    async [Symbol.asyncDispose]() {
      stop();
      await Promise.allSettled([stopped, lookingAfter]);
      await schedules[Symbol.asyncDispose]();
    },
  };
}
