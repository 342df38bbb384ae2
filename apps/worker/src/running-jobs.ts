import { TimeIsUp } from './job-errors.ts';

export interface RunningJob extends Disposable {
  signal: AbortSignal;
}

/** The abort signals of running jobs. Each aborts at its time limit, and all of them when the worker stops. */
export class RunningJobs {
  readonly #running = new Set<AbortController>();
  #stopped: { reason: unknown } | undefined;

  begin(timeLimitMs: number): RunningJob {
    const controller = new AbortController();
    if (this.#stopped) controller.abort(this.#stopped.reason);
    const timer = setTimeout(() => controller.abort(new TimeIsUp()), timeLimitMs);
    this.#running.add(controller);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        this.#running.delete(controller);
      },
    };
  }

  /** Aborts all running jobs and any that begins later. */
  abortAll(reason: unknown): void {
    this.#stopped = { reason };
    for (const controller of this.#running) controller.abort(reason);
  }
}
