/** It is not this one's turn: come back later instead of waiting, or of waiting longer. */
export class LineFull extends Error {
  override name = 'LineFull';
}

/**
 * One at a time per key, in the order of asking. At most `maxWaiting` wait: the rest is refused, so that one busy key
 * cannot hold every slot of a worker.
 */
export class KeyedMutex {
  readonly #lines = new Map<string, { tail: Promise<void>; length: number }>();
  readonly #maxWaiting: number;

  constructor({ maxWaiting }: { maxWaiting: number }) {
    this.#maxWaiting = maxWaiting;
  }

  async run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key) ?? { tail: Promise.resolve(), length: 0 };
    if (line.length > this.#maxWaiting) throw new LineFull(`too many wait for ${key}`);
    line.length += 1;
    this.#lines.set(key, line);
    const before = line.tail;
    const { promise: done, resolve: leave } = Promise.withResolvers<void>();
    // Whoever gives up waiting still holds its place until its turn, so that the order stands.
    line.tail = before.then(() => done);
    try {
      await untilAborted(before, signal);
      return await task();
    } finally {
      leave();
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(key);
    }
  }
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new LineFull('the wait was too long', { cause: signal.reason }));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
