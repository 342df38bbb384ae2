import { TimeIsUp } from './verdict.ts';

export interface RunningJob extends Disposable {
  signal: AbortSignal;
}

/** The signals of the jobs that run: each aborts at its time limit, and all of them when the worker stops. */
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

  /** Those that run now, and any that begins later. */
  abortAll(reason: unknown): void {
    this.#stopped = { reason };
    for (const controller of this.#running) controller.abort(reason);
  }
}
