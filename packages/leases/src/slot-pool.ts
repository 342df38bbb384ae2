import type { Redis } from 'ioredis';
import { Script } from './script.ts';

export interface SlotPoolOptions {
  redis: Redis;
  /** With the hash tag: `keyspace.key('calls')`. */
  keyPrefix: string;
  /** Slots in the whole system. */
  limit: number;
  /** A slot that is not renewed for this long is swept. */
  leaseMs: number;
}

/** `over`: the id had a slot, or was released before it requested one. It gets no other slot for an hour. */
export type Acquisition = 'acquired' | 'held' | 'full' | 'over';

/** How a slot ended. */
export interface SlotEnd {
  outcome: 'completed' | 'error';
  /** `lease_expired` if the slot was swept. */
  reason: string;
}

/** `released`: the slot was released. `lost`: it was swept, or Redis does not know it. */
export type Renewal = 'held' | 'released' | 'lost';

export interface SlotTotals {
  active: number;
  started: number;
  completed: number;
  errors: number;
  /** Ids for which no slot was free. */
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
 * A limited number of slots for the whole system. Slots are leases in Redis, on Redis' own clock. Each operation is one
 * script, so that `started = completed + errors + active` always holds, also when processes die. Each id is counted once an
 * hour, as started or as rejected, however often it requests a slot. While Redis is unavailable, every method rejects, so
 * that no slot is taken uncounted.
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

  /** `held`: the id has a slot already, and is not counted again. `full`: the id is rejected, also when it requests again. */
  async acquire(id: string): Promise<Acquisition> {
    const args = [id, this.#limit, this.#leaseMs];
    return (await scripts.acquire.run(this.#redis, this.#keys, args)) as Acquisition;
  }

  async renew(id: string): Promise<Renewal> {
    return (await scripts.renew.run(this.#redis, this.#keys, [id, this.#leaseMs])) as Renewal;
  }

  /**
   * Releases the slot. The first end of an id is counted and returned by every call, so that a release whose reply was lost
   * can be repeated. Undefined for an id that had no slot.
   */
  async release(id: string, { outcome, reason }: SlotEnd): Promise<SlotEnd | undefined> {
    const args = [id, outcome === 'completed' ? 'completed' : 'errors', `${outcome}:${reason}`];
    return parseEnd((await scripts.release.run(this.#redis, this.#keys, args)) as string);
  }

  /** Whether an id has a slot, or how its slot ended; undefined for an unknown id. */
  async look(id: string): Promise<'held' | SlotEnd | undefined> {
    const answer = (await scripts.look.run(this.#redis, this.#keys, [id])) as string | null;
    return answer === 'held' ? answer : parseEnd(answer ?? '');
  }

  /**
   * Removes slots whose lease has ended. Returns every id that was removed for this reason since the last sweep. Has to be
   * called every second or two: a longer gap means that Redis was unavailable, and extends every lease.
   */
  async sweep(): Promise<string[]> {
    return (await scripts.sweep.run(this.#redis, this.#keys, [])) as string[];
  }
}

/** The totals of the pool with this prefix. */
export async function readSlotTotals(redis: Redis, keyPrefix: string): Promise<SlotTotals> {
  const counts = (await scripts.totals.run(redis, keysOf(keyPrefix), [])) as number[];
  const [active = 0, started = 0, completed = 0, errors = 0, rejected = 0] = counts;
  return { active, started, completed, errors, rejected };
}

function parseEnd(text: string): SlotEnd | undefined {
  const [outcome, reason] = text.split(':', 2);
  return outcome && reason ? { outcome: outcome as SlotEnd['outcome'], reason } : undefined;
}

const keysOf = (prefix: string): string[] =>
  ['slots', 'totals', 'rejected', 'expired', 'swept', 'ended'].map((name) => `${prefix}:${name}`);
