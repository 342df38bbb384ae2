/** WhatsApp refused a message; the code is its own. */
export class Refused extends Error {
  override name = 'Refused';
  readonly code: string;

  constructor(code: string) {
    super(`WhatsApp refused the message (${code})`);
    this.code = code;
  }
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Who waits for the server's word on which message. Nobody is kept waiting beyond their own signal. */
export class AckBook {
  readonly #waiters = new Map<string, Set<Waiter>>();

  async wait(messageId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { resolve, reject };
    const waiters = this.#waiters.get(messageId) ?? new Set();
    this.#waiters.set(messageId, waiters.add(waiter));
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', aborted);
      waiters.delete(waiter);
      if (waiters.size === 0) this.#waiters.delete(messageId);
    }
  }

  settle(messageId: string, error?: Error): void {
    for (const waiter of this.#waiters.get(messageId) ?? []) {
      if (error) waiter.reject(error);
      else waiter.resolve();
    }
  }

  /** The connection is gone: no word will come over it. */
  rejectAll(error: Error): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
  }
}
