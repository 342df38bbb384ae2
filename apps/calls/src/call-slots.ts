import type { SlotPool } from '@prosaas/leases';
import { type Logger, retryForever } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import type { CallEnd } from './call-state.ts';

export type Admission = 'accepted' | 'held' | 'full' | 'over';

export interface CallSlotsOptions {
  pool: SlotPool;
  redis: Redis;
  /** Key that remembers that a call is over. */
  endedKey: (callSid: string) => string;
  leaseMs: number;
  sweepEveryMs: number;
  /** Told once of each call, by the replica that took its slot back. */
  onEnd: (callSid: string, outcome: CallEnd, reason: string) => void;
  log: Logger;
}

/** A webhook that the provider repeats after the end of its call must not take a new slot. */
const endedMemoryMs = 3_600_000;

/** The slots of the calls that are going on, in the whole system. */
export class CallSlots implements AsyncDisposable {
  readonly #options: CallSlotsOptions;
  readonly #stop = new AbortController();
  readonly #releases = new Set<Promise<void>>();
  readonly #sweeper: NodeJS.Timeout;
  #sweeping = false;

  constructor(options: CallSlotsOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => void this.#sweep(), options.sweepEveryMs);
  }

  /** @throws when Redis is away: nobody knows then how many calls there are. */
  async admit(callSid: string): Promise<Admission> {
    const { redis, endedKey, pool } = this.#options;
    if ((await redis.exists(endedKey(callSid))) > 0) return 'over';
    const answer = await pool.acquire(callSid);
    return answer === 'acquired' ? 'accepted' : answer;
  }

  /** `over`: the call was ended elsewhere; `lost`: its slot lapsed, as after an outage of Redis. */
  async renew(callSid: string): Promise<'held' | 'over' | 'lost'> {
    const { redis, endedKey, pool } = this.#options;
    if (await pool.renew(callSid)) return 'held';
    return (await redis.get(endedKey(callSid))) === 'released' ? 'over' : 'lost';
  }

  /** Gives the slot back, now or as soon as Redis answers; after the lease it has lapsed anyway. */
  release(callSid: string, outcome: CallEnd, reason: string): void {
    const { redis, endedKey, pool, onEnd, leaseMs, log } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(2 * leaseMs)]);
    const work = retryForever(
      async () => {
        await redis.set(endedKey(callSid), 'released', 'PX', endedMemoryMs);
        if (await pool.release(callSid, outcome)) onEnd(callSid, outcome, reason);
      },
      {
        signal,
        baseMs: 100,
        maxMs: 2000,
        onError: (error, attempt) => {
          if (attempt === 1)
            log.warn({ err: error, call_id: callSid }, 'the slot of a call is given back later');
        },
      },
    ).catch(() => log.warn({ call_id: callSid }, 'the slot of a call is left to its lease'));
    this.#releases.add(work);
    void work.finally(() => this.#releases.delete(work));
  }

  /** Waits for what is being given back, not for ever. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper);
    const limit = setTimeout(() => this.#stop.abort(), disposeLimitMs);
    await Promise.all(this.#releases);
    clearTimeout(limit);
    this.#stop.abort();
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { pool, redis, endedKey, onEnd, log } = this.#options;
    try {
      for (const callSid of await pool.sweep()) {
        log.warn({ call_id: callSid }, 'a call showed no life: its slot was taken back');
        onEnd(callSid, 'error', 'lease_expired');
        await redis.set(endedKey(callSid), 'expired', 'PX', endedMemoryMs, 'NX');
      }
    } catch (error) {
      log.debug({ err: error }, 'expired slots were not swept; the next round tries again');
    } finally {
      this.#sweeping = false;
    }
  }
}

const disposeLimitMs = 2000;
