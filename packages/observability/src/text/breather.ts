import { setImmediate as nextTurn } from 'node:timers/promises';

/** Long work asks now and then whether it is time to let others in. */
export class Breather {
  #limitMs: number;
  #since = performance.now();

  constructor(limitMs = 1) {
    this.#limitMs = limitMs;
  }

  get isDue(): boolean {
    return performance.now() - this.#since > this.#limitMs;
  }

  /** Comes back after the event loop has turned. */
  async breathe(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
