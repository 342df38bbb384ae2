import type { SlotEnd, SlotPool } from '@prosaas/leases';
import { type Logger, type OutageLog, retryForever, outageLog } from '@prosaas/runtime';
import { repeatEvery } from './repeat-every.ts';
import type { ToldEnds } from './told-ends.ts';

export interface CallEndsOptions {
  slots: SlotPool;
  leaseMs: number;
  sweepEveryMs: number;
  /** Whether the stream of a call has come. */
  hasStreamed: (callSid: string) => Promise<boolean>;
  /** Whether its stream is one of this process. */
  isLive: (callSid: string) => boolean;
  told: ToldEnds;
  /** Told of the end that stands, perhaps more than once; and whether the provider knows that the call is over. */
  onEnd: (callSid: string, end: SlotEnd, isKnown: boolean) => void;
  log: Logger;
}

const disposeLimitMs = 2000;
/** The provider ended the call, and nobody of ours was there any more. */
const ownerGone: SlotEnd = { outcome: 'error', reason: 'owner_gone' };
const noStream: SlotEnd = { outcome: 'error', reason: 'no_stream' };

/** Gives the slots of calls back: of those that end, and of those that show no life any more. */
export class CallEnds implements AsyncDisposable {
  readonly #options: CallEndsOptions;
  readonly #outage: OutageLog;
  readonly #stop = new AbortController();
  readonly #settling = new Set<Promise<void>>();
  readonly #sweeper: Disposable;

  constructor(options: CallEndsOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, {
      waiting: 'slots of calls cannot be given back yet',
      begins: 'slots of calls cannot be given back',
      ends: 'slots of calls are given back again',
    });
    // Calls end when they end: what fails then is no wait of the start.
    this.#outage.worked();
    this.#sweeper = repeatEvery(
      options.sweepEveryMs,
      () => this.#sweep(),
      (error) =>
        options.log.debug({ err: error }, 'expired slots were not swept; the next round tries again'),
    );
  }

  /** The call is over. Its slot is free now, or as soon as Redis answers; after the lease it has lapsed anyway. */
  settle(callSid: string, end: SlotEnd): void {
    this.#settle(callSid, async () => end, false);
  }

  /**
   * The provider says that the call is over. One without its stream was no call, however politely it ended. Of one whose stream is
   * elsewhere the replica that has it says how it ended; if that one is gone, the call was cut off, and its slot lapses.
   */
  settleByProvider(callSid: string, end: SlotEnd): void {
    const { hasStreamed, told } = this.#options;
    const isOurs = this.#options.isLive(callSid);
    const judge = async (): Promise<SlotEnd | undefined> => {
      if (end.outcome === 'error' || isOurs) return end;
      if (!(await hasStreamed(callSid))) return noStream;
      await told.tell(callSid, end);
      return undefined;
    };
    this.#settle(callSid, judge, true);
  }

  /** What the provider told another replica of the end of a call that is live here. */
  toldOf(callSid: string): Promise<SlotEnd | undefined> {
    return this.#options.told.of(callSid);
  }

  /** The provider could not open the stream. One that came all the same goes on, and tells its own end. */
  settleUnlessStreamed(callSid: string, end: SlotEnd): void {
    const { hasStreamed } = this.#options;
    this.#settle(callSid, async () => ((await hasStreamed(callSid)) ? undefined : end), false);
  }

  #settle(callSid: string, judge: () => Promise<SlotEnd | undefined>, isKnown: boolean): void {
    const { slots, onEnd, leaseMs, log } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(2 * leaseMs)]);
    const work = retryForever(
      async () => {
        const end = await judge();
        const standing = end && (await slots.release(callSid, end));
        if (standing) onEnd(callSid, standing, isKnown);
      },
      {
        signal,
        baseMs: 100,
        maxMs: 2000,
        outage: this.#outage,
      },
    ).catch(() => log.warn({ call_id: callSid }, 'the slot of a call is left to its lease'));
    this.#settling.add(work);
    void work.finally(() => this.#settling.delete(work));
  }

  /** Waits for what is being given back, not for ever. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper[Symbol.dispose]();
    const limit = setTimeout(() => this.#stop.abort(), disposeLimitMs);
    await Promise.all(this.#settling);
    clearTimeout(limit);
    this.#stop.abort();
  }

  /** The slot only knows that its lease expired. Whether a stream came is known from the call's token, in Redis. */
  async #lapsed(callSid: string): Promise<SlotEnd> {
    const lapsed: SlotEnd = { outcome: 'error', reason: 'lease_expired' };
    const { hasStreamed, told } = this.#options;
    try {
      if (!(await hasStreamed(callSid))) return noStream;
      return (await told.of(callSid)) === undefined ? lapsed : ownerGone;
    } catch {
      // The sweep names a call once: better half of the reason than no end.
      return lapsed;
    }
  }

  async #sweep(): Promise<void> {
    const { slots, onEnd, log } = this.#options;
    for (const callSid of await slots.sweep()) {
      log.warn({ call_id: callSid }, 'a call showed no life: its slot was taken back');
      const end = await this.#lapsed(callSid);
      onEnd(callSid, end, end === ownerGone);
    }
  }
}
