import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets long work yield to the event loop now and then: `if (yielder.isDue) await yielder.yieldNow()`. */
export class EventLoopYielder {
  #limitMs: number;
  #since = performance.now();

  /** @param limitMs how long the work may hold the event loop */
  constructor(limitMs = 1) {
    this.#limitMs = limitMs;
  }

  get isDue(): boolean {
    return performance.now() - this.#since > this.#limitMs;
  }

  /** Resolves in the next turn of the event loop. */
  async yieldNow(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
