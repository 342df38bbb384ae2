import type { Redis } from 'ioredis';
import { Script } from './script.ts';

export interface Owner {
  instance: string;
  /** Where others reach the owner. */
  url: string;
}

export interface OwnerLeaseOptions {
  redis: Redis;
  /** Carries the hash tag: `keyspace.key('session', id)`. */
  key: string;
  owner: Owner;
  leaseMs: number;
}

const scripts = {
  acquire: Script.read('owner-acquire.lua'),
  renew: Script.read('owner-renew.lua'),
  release: Script.read('owner-release.lua'),
};

/**
 * One owner at a time, with a fencing token that grows with each owner: what an earlier one writes late can be told by it and
 * refused. Not re-entrant: a process that holds the key does not get it a second time.
 */
export class OwnerLease {
  readonly token: number;
  readonly #options: OwnerLeaseOptions;
  #heldUntil: number;

  private constructor(options: OwnerLeaseOptions, token: number, heldUntil: number) {
    this.#options = options;
    this.token = token;
    this.#heldUntil = heldUntil;
  }

  /** Undefined while somebody else is the owner. */
  static async acquire(options: OwnerLeaseOptions): Promise<OwnerLease | undefined> {
    const { redis, key, owner, leaseMs } = options;
    const asked = performance.now();
    const keys = [key, `${key}:fence`];
    const token = (await scripts.acquire.run(redis, keys, [owner.instance, owner.url, leaseMs])) as number;
    return token === 0 ? undefined : new OwnerLease(options, token, asked + leaseMs);
  }

  /** Whether the lease can't be anybody else's yet, going by this process' own clock; false when renewing failed for too long. */
  get held(): boolean {
    return performance.now() < this.#heldUntil;
  }

  /** False: it is lost for good, and perhaps somebody else's. Rejects without Redis; `held` tells for how long that is no harm. */
  async renew(): Promise<boolean> {
    const { redis, key, leaseMs } = this.#options;
    const asked = performance.now();
    const renewed = (await scripts.renew.run(redis, [key], [this.token, leaseMs])) === 1;
    this.#heldUntil = renewed ? asked + leaseMs : 0;
    return renewed;
  }

  /** True when it was still this one's. */
  async release(): Promise<boolean> {
    const { redis, key } = this.#options;
    this.#heldUntil = 0;
    return (await scripts.release.run(redis, [key], [this.token])) === 1;
  }
}

/** Who owns `key` now. */
export async function readOwner(redis: Redis, key: string): Promise<(Owner & { token: number }) | undefined> {
  const [instance, url, token] = await redis.hmget(key, 'instance', 'url', 'token');
  if (instance == null || url == null || token == null) return undefined;
  return { instance, url, token: Number(token) };
}
