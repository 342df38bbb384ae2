/** Measures for how long nothing has worked. It has no clock of its own; times are ms of any one clock. */
export class StallTimer {
  #limitMs: number;
  #since: number | undefined;
  #hasFired = false;

  /** @param limitMs `Infinity` for a timer that never fires */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Restarts the timer: something worked, or nothing could have worked. */
  reset(): void {
    this.#since = undefined;
    this.#hasFired = false;
  }

  /** Reports that nothing works at `now`. Returns true once, when that has lasted for the limit. */
  check(now: number): boolean {
    this.#since ??= now;
    if (this.#hasFired || now - this.#since < this.#limitMs) return false;
    this.#hasFired = true;
    return true;
  }
}
