import type { SlotEnd } from '@prosaas/leases';
import type { Redis } from 'ioredis';

/** As long as the slots remember the end of a call. */
const keptMs = 3_600_000;

/** Ends of calls that the provider told to a replica without the stream: for the replica that has it, if that one lives. */
export class ToldEnds {
  readonly #redis: Redis;
  readonly #key: (callSid: string) => string;

  constructor({ redis, key }: { redis: Redis; key: (callSid: string) => string }) {
    this.#redis = redis;
    this.#key = key;
  }

  /** The first one stays. */
  async tell(callSid: string, { outcome, reason }: SlotEnd): Promise<void> {
    await this.#redis.set(this.#key(callSid), `${outcome}:${reason}`, 'PX', keptMs, 'NX');
  }

  async of(callSid: string): Promise<SlotEnd | undefined> {
    const [outcome, reason] = (await this.#redis.get(this.#key(callSid)))?.split(':', 2) ?? [];
    return outcome && reason ? { outcome: outcome as SlotEnd['outcome'], reason } : undefined;
  }
}
