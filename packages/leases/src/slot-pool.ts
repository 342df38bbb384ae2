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

/** `over`: the id had a slot, or was released before it asked for one; it gets no other for an hour. */
export type Acquisition = 'acquired' | 'held' | 'full' | 'over';

/** How a slot came to its end. */
export interface SlotEnd {
  outcome: 'completed' | 'error';
  /** `lease_expired` where nobody gave it back. */
  reason: string;
}

/** `released`: somebody gave the slot back; `lost`: it was swept, or Redis knows nothing of it. */
export type Renewal = 'held' | 'released' | 'lost';

export interface SlotTotals {
  active: number;
  started: number;
  completed: number;
  errors: number;
  /** Ids that found no free slot. */
  rejected: number;
}

const script = (name: string): Script => Script.read('slots-common.lua', `slots-${name}.lua`);
const scripts = {
  acquire: script('acquire'),
  renew: script('renew'),
  release: script('release'),
  totals: script('totals'),
  sweep: script('sweep'),
  look: script('look'),
};

/**
 * A limited number of slots for the whole system, held in Redis by leases on Redis' own clock. Limit, sweep and counters
 * change in one script each, so that `started = completed + errors + active` holds at every moment, whoever dies. Each id is
 * counted once, as started or as rejected, however often it asks within the hour. Without Redis every method rejects: nobody
 * gets a slot that nobody counts.
 */
export class SlotPool {
  readonly #redis: Redis;
  readonly #keys: readonly string[];
  readonly #limit: number;
  readonly #leaseMs: number;

  constructor({ redis, keyPrefix, limit, leaseMs }: SlotPoolOptions) {
    this.#redis = redis;
    this.#keys = keysOf(keyPrefix);
    this.#limit = limit;
    this.#leaseMs = leaseMs;
  }

  /** `held`: this id has a slot already, nothing was counted. `full`: it is rejected, now and when it asks again. */
  async acquire(id: string): Promise<Acquisition> {
    const args = [id, this.#limit, this.#leaseMs];
    return (await scripts.acquire.run(this.#redis, this.#keys, args)) as Acquisition;
  }

  async renew(id: string): Promise<Renewal> {
    return (await scripts.renew.run(this.#redis, this.#keys, [id, this.#leaseMs])) as Renewal;
  }

  /**
   * Gives the slot back. The first end of an id stands and is counted, and is what everybody is answered, so that a release may
   * be repeated whose answer was lost; undefined for an id that had no slot.
   */
  async release(id: string, { outcome, reason }: SlotEnd): Promise<SlotEnd | undefined> {
    const args = [id, outcome === 'completed' ? 'completed' : 'errors', `${outcome}:${reason}`];
    return endOf((await scripts.release.run(this.#redis, this.#keys, args)) as string);
  }

  /** Whether an id has a slot, or how that came to its end; undefined where nothing is known of it. */
  async look(id: string): Promise<'held' | SlotEnd | undefined> {
    const answer = (await scripts.look.run(this.#redis, this.#keys, [id])) as string | null;
    return answer === 'held' ? answer : endOf(answer ?? '');
  }

  /**
   * Removes slots whose lease is over, and answers every id that was so removed, by anyone, since the last sweep. To be
   * called every second or two: a longer gap means that Redis was away, and gives every lease some more time.
   */
  async sweep(): Promise<string[]> {
    return (await scripts.sweep.run(this.#redis, this.#keys, [])) as string[];
  }
}

/** How the pool of this prefix stands; needs neither its limit nor its lease. */
export async function readSlotTotals(redis: Redis, keyPrefix: string): Promise<SlotTotals> {
  const counts = (await scripts.totals.run(redis, keysOf(keyPrefix), [])) as number[];
  const [active = 0, started = 0, completed = 0, errors = 0, rejected = 0] = counts;
  return { active, started, completed, errors, rejected };
}

function endOf(text: string): SlotEnd | undefined {
  const [outcome, reason] = text.split(':', 2);
  return outcome && reason ? { outcome: outcome as SlotEnd['outcome'], reason } : undefined;
}

const keysOf = (prefix: string): string[] =>
  ['slots', 'totals', 'rejected', 'expired', 'swept', 'ended'].map((name) => `${prefix}:${name}`);
