/** WhatsApp refused a message, with a code of its own: see `refusals.ts`. */
export class MessageRefused extends Error {
  override name = 'MessageRefused';
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

/** Waits for the server's acks, by message. */
export class PendingAcks {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Resolves with the ack of a message. @throws MessageRefused, or the signal's reason */
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

  /** Ends every wait: a closed connection brings no acks. */
  rejectAll(error: Error): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
  }
}

/** Resolves with the server's ack of the message that `write` writes. @throws MessageRefused, what `write` throws, or the signal's reason */
export async function writeUntilAcked(
  acks: PendingAcks,
  messageId: string,
  { write, signal }: { write: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const done = new AbortController();
  try {
    // The wait begins before the write: the ack may come before the write resolves.
    const acked = acks.wait(messageId, AbortSignal.any([signal, done.signal]));
    await Promise.all([acked, Promise.race([write(), acked])]);
  } finally {
    done.abort();
  }
}
