import type { ReceivedText } from './types.ts';

interface Waiter {
  readonly settled: () => boolean;
  readonly resolve: () => void;
}

/** The texts that a phone shows, and the tests that wait for them. */
export class Screen {
  readonly texts: ReceivedText[] = [];
  readonly #owner: string;
  readonly #returned = new Set<ReceivedText>();
  readonly #waiters = new Set<Waiter>();

  /** @param owner named in the error of a wait that times out */
  constructor(owner: string) {
    this.#owner = owner;
  }

  show(text: ReceivedText): void {
    this.texts.push(text);
    for (const waiter of this.#waiters) {
      if (waiter.settled()) waiter.resolve();
    }
  }

  async nextText(
    options: { timeoutMs?: number; where?: (text: ReceivedText) => boolean } = {},
  ): Promise<ReceivedText> {
    const { where = () => true } = options;
    const next = () => this.texts.find((text) => !this.#returned.has(text) && where(text));
    await this.#until(() => next() !== undefined, options.timeoutMs, 'no such text arrived');
    const text = next()!;
    this.#returned.add(text);
    return text;
  }

  async waitForCount(count: number, options: { timeoutMs?: number } = {}): Promise<void> {
    const settled = () => this.texts.length >= count;
    await this.#until(settled, options.timeoutMs, `fewer than ${count} texts arrived`);
  }

  async #until(settled: () => boolean, timeoutMs = 10_000, failure: string): Promise<void> {
    if (settled()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { settled, resolve };
    this.#waiters.add(waiter);
    const timer = setTimeout(
      () => reject(new Error(`${this.#owner}: ${failure} in ${timeoutMs} ms (${this.texts.length} so far)`)),
      timeoutMs,
    );
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }
}
