import { backoff } from '@prosaas/runtime';
import type { ModelFailure, ModelFailureKind } from './failure.ts';

/** Failures in a row that open the circuit. */
const MAX_FAILURES = 3;
/** A failure that does not open the circuit is followed by a probe after this share of `openMs`. */
const CLOSED_PROBE_SHARE = 1 / 6;

export interface CircuitTimes {
  /** Time from opening to the first probe. It doubles with each failed probe, up to `maxOpenMs`. */
  openMs: number;
  maxOpenMs: number;
}

const defaultTimes: CircuitTimes = { openMs: 30_000, maxOpenMs: 300_000 };

export interface CircuitOptions {
  /** A tiny request; rejects with a ModelFailure. */
  probe: (signal: AbortSignal) => Promise<void>;
  onOpen: (failure: ModelFailure) => void;
  onClose: () => void;
  times?: Partial<CircuitTimes> | undefined;
}

/**
 * A circuit breaker for the model's server. Several failures in a row open it, and no customer waits for the server then. It probes the
 * server by itself, so that it closes without a customer's question. A successful probe closes it on trial: the next failure opens it again
 * at once and for longer, because a server may answer a tiny request and fail on real ones.
 */
export class Circuit implements AsyncDisposable {
  readonly #options: CircuitOptions;
  readonly #times: CircuitTimes;
  readonly #closing = new AbortController();
  #failures = 0;
  /** Openings and failed probes since the last success. */
  #openings = 0;
  #closedAt = 0;
  #failure: ModelFailureKind | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#times = { ...defaultTimes, ...options.times };
  }

  get isOpen(): boolean {
    return this.#failure !== undefined;
  }

  /** Why it is open; undefined while it is closed. */
  get failure(): ModelFailureKind | undefined {
    return this.#failure;
  }

  /** The server answered a customer's question. */
  recordSuccess(): void {
    this.#failures = 0;
    this.#openings = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#close();
  }

  recordFailure(failure: ModelFailure): void {
    if (this.#closing.signal.aborted) return;
    // The trial ends after `maxOpenMs` without a failure.
    if (!this.isOpen && this.#openings > 0 && performance.now() - this.#closedAt > this.#times.maxOpenMs) {
      this.#failures = 0;
      this.#openings = 0;
    }
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES) {
      this.#openings += 1;
      this.#failure = failure.code;
      this.#options.onOpen(failure);
    }
    const { openMs, maxOpenMs } = this.#times;
    const baseMs = this.isOpen ? openMs : openMs * CLOSED_PROBE_SHARE;
    const waitMs = backoff({ baseMs, maxMs: maxOpenMs, jitter: 0.2 }, this.#openings);
    this.#probeIn(Math.max(waitMs, Math.min(failure.retryAfterMs ?? 0, maxOpenMs)));
  }

  /** Starts a probe in the background. */
  probe(): void {
    if (this.#closing.signal.aborted) return;
    this.#probing ??= this.#probe().finally(() => (this.#probing = undefined));
  }

  /** Aborts a running probe and stops probing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#probing;
  }

  async #probe(): Promise<void> {
    const { signal } = this.#closing;
    try {
      await this.#options.probe(signal);
    } catch (error) {
      if (!signal.aborted) this.recordFailure(error as ModelFailure);
      return;
    }
    if (!this.isOpen) return;
    this.#failures = MAX_FAILURES - 1;
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
