import type { SlotEnd } from '@prosaas/leases';
import type { Redis } from 'ioredis';

/** As long as a released slot remembers the end of its call. */
const TTL_MS = 3_600_000;

/** Ends of calls that the provider reported to a replica without the call's stream. The replica with the stream reads them. */
export class ProviderEnds {
  readonly #redis: Redis;
  readonly #key: (callSid: string) => string;

  constructor({ redis, key }: { redis: Redis; key: (callSid: string) => string }) {
    this.#redis = redis;
    this.#key = key;
  }

  /** Keeps the first end. */
  async record(callSid: string, { outcome, reason }: SlotEnd): Promise<void> {
    await this.#redis.set(this.#key(callSid), `${outcome}:${reason}`, 'PX', TTL_MS, 'NX');
  }

  async find(callSid: string): Promise<SlotEnd | undefined> {
    const [outcome, reason] = (await this.#redis.get(this.#key(callSid)))?.split(':', 2) ?? [];
    return outcome && reason ? { outcome: outcome as SlotEnd['outcome'], reason } : undefined;
  }
}
