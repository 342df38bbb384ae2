/** How long something may go on without a sign of work. Pure but for its memory; times are ms of any one clock. */
export class Patience {
  #limitMs: number;
  #since: number | undefined;
  #spent = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** There was one, or there could be none. */
  renew(): void {
    this.#since = undefined;
    this.#spent = false;
  }

  /** There was none. True once when that has lasted for the limit. */
  isOver(now: number): boolean {
    this.#since ??= now;
    if (this.#spent || now - this.#since < this.#limitMs) return false;
    this.#spent = true;
    return true;
  }
}
