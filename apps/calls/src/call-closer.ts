import type { SlotEnd, SlotPool } from '@prosaas/leases';
import { type Logger, type OutageLog, outageLog, retryForever } from '@prosaas/runtime';
import type { ProviderEnds } from './provider-ends.ts';
import { repeatEvery } from './repeat-every.ts';

export interface CallCloserOptions {
  slots: SlotPool;
  leaseMs: number;
  sweepEveryMs: number;
  /** Whether the call's media stream has connected, to any replica. */
  hasStreamed: (callSid: string) => Promise<boolean>;
  /** Whether the call's media stream is connected to this process. */
  isLive: (callSid: string) => boolean;
  providerEnds: ProviderEnds;
  /** Called with the first end of the call, perhaps more than once. `providerKnows`: the provider knows that the call is over. */
  onEnd: (callSid: string, end: SlotEnd, providerKnows: boolean) => void;
  log: Logger;
}

const DISPOSE_LIMIT_MS = 2000;
/** The provider ended the call after the process with its stream had died. */
const OWNER_GONE: SlotEnd = { outcome: 'error', reason: 'owner_gone' };
const NO_STREAM: SlotEnd = { outcome: 'error', reason: 'no_stream' };

/** Ends calls: releases their slots, also those of calls whose lease has expired. */
export class CallCloser implements AsyncDisposable {
  readonly #options: CallCloserOptions;
  readonly #outage: OutageLog;
  readonly #stop = new AbortController();
  readonly #closing = new Set<Promise<void>>();
  readonly #sweeper: Disposable;

  constructor(options: CallCloserOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, {
      waiting: 'slots of calls cannot be released yet',
      begins: 'slots of calls cannot be released',
      ends: 'slots of calls are released again',
    });
    // A failure is never an expected wait of the start: calls may end at any time.
    this.#outage.worked();
    this.#sweeper = repeatEvery(
      options.sweepEveryMs,
      () => this.#sweep(),
      (error) =>
        options.log.debug({ err: error }, 'expired slots were not swept; the next round tries again'),
    );
  }

  /** The call is over. Its slot is released now, or once Redis answers; after the lease it has expired anyway. */
  close(callSid: string, end: SlotEnd): void {
    this.#close(callSid, async () => end, false);
  }

  /**
   * The provider says that the call is over. A call without a stream is an error whatever the provider says. If the stream is connected to
   * another replica, that one decides how the call ended; if it has died, the call was cut off and its lease expires.
   */
  closeByProvider(callSid: string, end: SlotEnd): void {
    const { hasStreamed, isLive, providerEnds } = this.#options;
    const isOurs = isLive(callSid);
    const decide = async (): Promise<SlotEnd | undefined> => {
      if (end.outcome === 'error' || isOurs) return end;
      if (!(await hasStreamed(callSid))) return NO_STREAM;
      await providerEnds.record(callSid, end);
      return undefined;
    };
    this.#close(callSid, decide, true);
  }

  /** The end of a call that is live here, if the provider told it to another replica. */
  providerEndOf(callSid: string): Promise<SlotEnd | undefined> {
    return this.#options.providerEnds.find(callSid);
  }

  /** The provider could not open the stream. If the stream has connected all the same, the call goes on. */
  closeUnlessStreamed(callSid: string, end: SlotEnd): void {
    const { hasStreamed } = this.#options;
    this.#close(callSid, async () => ((await hasStreamed(callSid)) ? undefined : end), false);
  }

  /** `decide` returns undefined if the call is not to be closed. */
  #close(callSid: string, decide: () => Promise<SlotEnd | undefined>, providerKnows: boolean): void {
    const { slots, onEnd, leaseMs, log } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(2 * leaseMs)]);
    const work = retryForever(
      async () => {
        const end = await decide();
        const firstEnd = end && (await slots.release(callSid, end));
        if (firstEnd) onEnd(callSid, firstEnd, providerKnows);
      },
      {
        signal,
        baseMs: 100,
        maxMs: 2000,
        outage: this.#outage,
      },
    ).catch(() =>
      log.warn({ call_id: callSid }, 'the slot of a call was not released; it expires with its lease'),
    );
    this.#closing.add(work);
    void work.finally(() => this.#closing.delete(work));
  }

  /** Waits for releases in progress, for two seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper[Symbol.dispose]();
    const limit = setTimeout(() => this.#stop.abort(), DISPOSE_LIMIT_MS);
    await Promise.all(this.#closing);
    clearTimeout(limit);
    this.#stop.abort();
  }

  /** Why a lease expired. The slot does not know whether a stream came; the call's token in Redis does. */
  async #expiredEnd(callSid: string): Promise<SlotEnd> {
    const expired: SlotEnd = { outcome: 'error', reason: 'lease_expired' };
    const { hasStreamed, providerEnds } = this.#options;
    try {
      if (!(await hasStreamed(callSid))) return NO_STREAM;
      return (await providerEnds.find(callSid)) === undefined ? expired : OWNER_GONE;
    } catch {
      // The sweep returns a call only once: a less precise reason is better than no end.
      return expired;
    }
  }

  async #sweep(): Promise<void> {
    const { slots, onEnd, log } = this.#options;
    for (const callSid of await slots.sweep()) {
      log.warn({ call_id: callSid }, 'the lease of a call expired: its slot was released');
      const end = await this.#expiredEnd(callSid);
      onEnd(callSid, end, end === OWNER_GONE);
    }
  }
}
