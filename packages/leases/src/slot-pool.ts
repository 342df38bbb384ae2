import type { Redis } from 'ioredis';
import { Script } from './script.ts';

export interface SlotPoolOptions {
  redis: Redis;
  /** `keyspace.key('calls')`; carries the hash tag. */
  keyPrefix: string;
  /** Slots that may be taken at once, in the whole system. */
  limit: number;
  /** A slot that nobody renews for so long is swept. */
  leaseMs: number;
}

export type Acquisition = 'acquired' | 'held' | 'full';

export interface SlotTotals {
  active: number;
  started: number;
  completed: number;
  errors: number;
  /** Ids that found no free slot, each once an hour. */
  rejected: number;
}

const script = (name: string): Script => Script.read('slots-common.lua', `slots-${name}.lua`);
const scripts = {
  acquire: script('acquire'),
  renew: script('renew'),
  release: script('release'),
  totals: script('totals'),
  sweep: script('sweep'),
};

/**
 * A limited number of slots for the whole system, held in Redis by leases on Redis' own clock. Limit, sweep and counters
 * change in one script each, so that `started = completed + errors + active` holds at every moment, whoever dies. Without Redis
 * every method rejects: nobody gets a slot that nobody counts.
 */
export class SlotPool {
  readonly #redis: Redis;
  readonly #keys: readonly [slots: string, totals: string, rejected: string, expired: string];
  readonly #limit: number;
  readonly #leaseMs: number;

  constructor({ redis, keyPrefix, limit, leaseMs }: SlotPoolOptions) {
    this.#redis = redis;
    this.#keys = [
      `${keyPrefix}:slots`,
      `${keyPrefix}:totals`,
      `${keyPrefix}:rejected`,
      `${keyPrefix}:expired`,
    ];
    this.#limit = limit;
    this.#leaseMs = leaseMs;
  }

  /** `held`: this id has a slot already, nothing was counted. `full`: counted as rejected, once for each id. */
  async acquire(id: string): Promise<Acquisition> {
    return (await scripts.acquire.run(this.#redis, this.#keys, [
      id,
      this.#limit,
      this.#leaseMs,
    ])) as Acquisition;
  }

  /** False: the slot is gone (released, or swept and counted as an error). */
  async renew(id: string): Promise<boolean> {
    return (await scripts.renew.run(this.#redis, [this.#keys[0]], [id, this.#leaseMs])) === 1;
  }

  /** True for the one caller who gave it back; the outcome of that one is counted. */
  async release(id: string, outcome: 'completed' | 'error'): Promise<boolean> {
    const counter = outcome === 'completed' ? 'completed' : 'errors';
    return (await scripts.release.run(this.#redis, [this.#keys[0], this.#keys[1]], [id, counter])) === 1;
  }

  /** Removes slots whose lease is over; answers every id that was so removed, by anyone, since the last sweep. */
  async sweep(): Promise<string[]> {
    return (await scripts.sweep.run(this.#redis, this.#keys, [])) as string[];
  }

  async active(): Promise<number> {
    return (await this.totals()).active;
  }

  async totals(): Promise<SlotTotals> {
    const counts = (await scripts.totals.run(this.#redis, this.#keys, [])) as number[];
    const [active = 0, started = 0, completed = 0, errors = 0, rejected = 0] = counts;
    return { active, started, completed, errors, rejected };
  }
}
