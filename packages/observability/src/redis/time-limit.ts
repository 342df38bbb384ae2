export class TimeLimitReached extends Error {
  override name = 'TimeLimitReached';
}

/**
 * What `run` resolves to, or a `TimeLimitReached` when it takes longer. The signal then tells `run` that nobody listens
 * any more; what it does later is its own affair, and never an unhandled rejection.
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
 * Runs with a time limit, and never a second one while the first is still out there: what a server that does not
 * answer costs is one pending promise, not one more each second.
 */
export class LimitedFlight {
  #limitMs: number;
  #what: string;
  #pending = false;

  constructor(limitMs: number, what: string) {
    this.#limitMs = limitMs;
    this.#what = what;
  }

  async run<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#pending)
      throw new TimeLimitReached(`${this.#what}: the last attempt has not been answered yet`);
    this.#pending = true;
    return withinTime(this.#limitMs, this.#what, async (signal) => {
      try {
        return await run(signal);
      } finally {
        this.#pending = false;
      }
    });
  }
}
