import type { Logger } from '@prosaas/runtime';

const REPEAT_MS = 60_000;

/** Logs the first refusal at once and the following ones as one line per minute, so that strangers cannot flood the log. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #text: string;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param text the log text */
  constructor(log: Logger, text: string) {
    this.#log = log;
    this.#text = text;
  }

  /** @param why one of a few fixed texts */
  add(why: string): void {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + 1);
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    this.#log.warn({ refusals: Object.fromEntries(this.#counts) }, this.#text);
    this.#counts.clear();
    this.#timer = setTimeout(() => this.#flush(), REPEAT_MS).unref();
  }
}
