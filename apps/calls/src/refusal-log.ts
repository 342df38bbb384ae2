import type { Logger } from '@prosaas/runtime';

const everyMs = 60_000;

/** Logs the first refusal at once, and those that follow as one line a minute: strangers do not choose how long the log is. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #text: string;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param text of the line */
  constructor(log: Logger, text: string) {
    this.#log = log;
    this.#text = text;
  }

  /** @param why one of a few texts of our own */
  add(why: string): void {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + 1);
    if (this.#timer === undefined) this.#tell();
  }

  #tell(): void {
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    this.#log.warn({ refusals: Object.fromEntries(this.#counts) }, this.#text);
    this.#counts.clear();
    this.#timer = setTimeout(() => this.#tell(), everyMs).unref();
  }
}
