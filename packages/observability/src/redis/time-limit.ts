export class TimeLimitReached extends Error {
  override name = 'TimeLimitReached';
}

/**
 * Resolves like `run`, or rejects with `TimeLimitReached` when that takes longer than `limitMs`. Then the signal aborts; what `run` does
 * afterwards is ignored, and never becomes an unhandled rejection.
 *
 * @param what names the work in the error
 */
export async function withinTime<T>(
  limitMs: number,
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new TimeLimitReached(`${what} took longer than ${limitMs} ms`);
      controller.abort(error);
      reject(error);
    }, limitMs);
  });
  try {
    return await Promise.race([run(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs work with a time limit, and no second run while the first is still pending: a server that does not answer costs one pending
 * promise, not one more each second.
 */
export class SingleFlight {
  #limitMs: number;
  #what: string;
  #isPending = false;

  constructor(limitMs: number, what: string) {
    this.#limitMs = limitMs;
    this.#what = what;
  }

  /** Rejects with `TimeLimitReached` at once while an earlier run is pending, even one whose time limit has passed. */
  async run<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#isPending)
      throw new TimeLimitReached(`${this.#what}: the last attempt has not been answered yet`);
    this.#isPending = true;
    return withinTime(this.#limitMs, this.#what, async (signal) => {
      try {
        return await run(signal);
      } finally {
        this.#isPending = false;
      }
    });
  }
}
