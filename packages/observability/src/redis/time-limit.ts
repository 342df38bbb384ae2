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
