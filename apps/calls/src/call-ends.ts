import type { SlotEnd, SlotPool } from '@prosaas/leases';
import { type Logger, type TroubleLog, retryForever, troubleOf } from '@prosaas/runtime';

export interface CallEndsOptions {
  slots: SlotPool;
  leaseMs: number;
  sweepEveryMs: number;
  /** Told of the end that stands, perhaps more than once. */
  onEnd: (callSid: string, end: SlotEnd) => void;
  log: Logger;
}

const disposeLimitMs = 2000;

/** Gives the slots of calls back: of those that end, and of those that show no life any more. */
export class CallEnds implements AsyncDisposable {
  readonly #options: CallEndsOptions;
  readonly #trouble: TroubleLog;
  readonly #stop = new AbortController();
  readonly #settling = new Set<Promise<void>>();
  readonly #sweeper: NodeJS.Timeout;
  #sweeping = false;

  constructor(options: CallEndsOptions) {
    this.#options = options;
    this.#trouble = troubleOf(options.log, {
      waiting: 'slots of calls cannot be given back yet',
      begins: 'slots of calls cannot be given back',
      ends: 'slots of calls are given back again',
    });
    // Calls end when they end: what fails then is no wait of the start.
    this.#trouble.worked();
    this.#sweeper = setInterval(() => void this.#sweep(), options.sweepEveryMs);
  }

  /** The call is over. Its slot is free now, or as soon as Redis answers; after the lease it has lapsed anyway. */
  settle(callSid: string, end: SlotEnd): void {
    const { slots, onEnd, leaseMs, log } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(2 * leaseMs)]);
    const work = retryForever(
      async () => {
        const standing = await slots.release(callSid, end);
        if (standing) onEnd(callSid, standing);
      },
      {
        signal,
        baseMs: 100,
        maxMs: 2000,
        trouble: this.#trouble,
      },
    ).catch(() => log.warn({ call_id: callSid }, 'the slot of a call is left to its lease'));
    this.#settling.add(work);
    void work.finally(() => this.#settling.delete(work));
  }

  /** Waits for what is being given back, not for ever. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper);
    const limit = setTimeout(() => this.#stop.abort(), disposeLimitMs);
    await Promise.all(this.#settling);
    clearTimeout(limit);
    this.#stop.abort();
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { slots, onEnd, log } = this.#options;
    try {
      for (const callSid of await slots.sweep()) {
        log.warn({ call_id: callSid }, 'a call showed no life: its slot was taken back');
        onEnd(callSid, { outcome: 'error', reason: 'lease_expired' });
      }
    } catch (error) {
      log.debug({ err: error }, 'expired slots were not swept; the next round tries again');
    } finally {
      this.#sweeping = false;
    }
  }
}
