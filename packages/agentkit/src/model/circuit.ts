import { backoff } from '@prosaas/runtime';
import type { ModelFailure, ModelFailureKind } from './failure.ts';

/** Failures in a row that open it. */
const FAILURES = 3;
/** While it is closed, a failure is followed by a probe after this share of the rest. */
const CLOSED_REST = 1 / 6;

export interface CircuitTimes {
  /** Rest before the first probe. It doubles with each failed one. */
  restMs: number;
  maxRestMs: number;
}

const circuitTimes: CircuitTimes = { restMs: 30_000, maxRestMs: 300_000 };

export interface CircuitOptions {
  /** A tiny request; rejects with a ModelFailure. */
  probe: (signal: AbortSignal) => Promise<void>;
  onOpen: (failure: ModelFailure) => void;
  onClose: () => void;
  times?: Partial<CircuitTimes> | undefined;
}

/**
 * Several failures of the model's server in a row open it: nobody waits for the server then. It probes by itself, so that it also closes
 * where nobody asks. A probe that succeeds closes it on trial: the next failure opens it at once, with a longer rest, as a server may answer
 * a tiny request and no real one. After a failure that does not open it, it probes too.
 */
export class Circuit implements AsyncDisposable {
  readonly #options: CircuitOptions;
  readonly #times: CircuitTimes;
  readonly #ending = new AbortController();
  #failures = 0;
  /** Times that it has opened, or stayed open, in a row. */
  #rests = 0;
  #closedAt = 0;
  #failure: ModelFailureKind | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#times = { ...circuitTimes, ...options.times };
  }

  get isOpen(): boolean {
    return this.#failure !== undefined;
  }

  /** Why it is open. */
  get failure(): ModelFailureKind | undefined {
    return this.#failure;
  }

  /** The server answered a customer's question. */
  worked(): void {
    this.#failures = 0;
    this.#rests = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#close();
  }

  failed(failure: ModelFailure): void {
    if (this.#ending.signal.aborted) return;
    // A trial that went well for so long is over.
    if (!this.isOpen && this.#rests > 0 && performance.now() - this.#closedAt > this.#times.maxRestMs) {
      this.#failures = 0;
      this.#rests = 0;
    }
    this.#failures += 1;
    if (this.#failures >= FAILURES) {
      this.#rests += 1;
      this.#failure = failure.code;
      this.#options.onOpen(failure);
    }
    const { restMs, maxRestMs } = this.#times;
    const baseMs = this.isOpen ? restMs : restMs * CLOSED_REST;
    const rest = backoff({ baseMs, maxMs: maxRestMs, jitter: 0.2 }, this.#rests);
    this.#probeIn(Math.max(rest, Math.min(failure.retryAfterMs ?? 0, maxRestMs)));
  }

  /** Probes now, in the background. */
  probe(): void {
    if (this.#ending.signal.aborted) return;
    this.#probing ??= this.#probe().finally(() => (this.#probing = undefined));
  }

  /** Ends a probe under way, and probes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    await this.#probing;
  }

  async #probe(): Promise<void> {
    const { signal } = this.#ending;
    try {
      await this.#options.probe(signal);
    } catch (error) {
      if (!signal.aborted) this.failed(error as ModelFailure);
      return;
    }
    if (!this.isOpen) return;
    this.#failures = FAILURES - 1;
    this.#closedAt = performance.now();
    this.#close();
  }

  #close(): void {
    if (!this.isOpen) return;
    this.#failure = undefined;
    this.#options.onClose();
  }

  #probeIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.probe();
    }, ms).unref();
  }
}
