import type { Redis } from 'ioredis';
import { Script } from './script.ts';

export interface Owner {
  instance: string;
  /** The URL under which others reach the owner. */
  url: string;
}

export interface OwnerLeaseOptions {
  redis: Redis;
  /** With the hash tag: `keyspace.key('session', id)`. */
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
 * A lease with one owner at a time, and a fencing token that grows with each owner, by which late writes of an earlier owner
 * can be refused. Not re-entrant: a process that holds the key can't acquire it again.
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

  /** Undefined while the key has an owner. */
  static async acquire(options: OwnerLeaseOptions): Promise<OwnerLease | undefined> {
    const { redis, key, owner, leaseMs } = options;
    const requestedAt = performance.now();
    const keys = [key, `${key}:fence`];
    const token = (await scripts.acquire.run(redis, keys, [owner.instance, owner.url, leaseMs])) as number;
    return token === 0 ? undefined : new OwnerLease(options, token, requestedAt + leaseMs);
  }

  /** Whether no other owner can have the lease yet, by this process's clock. False when renewing has failed for too long. */
  get held(): boolean {
    return performance.now() < this.#heldUntil;
  }

  /** False: the lease is lost for good. Rejects while Redis is unavailable; the lease is still safe while `held` is true. */
  async renew(): Promise<boolean> {
    const { redis, key, leaseMs } = this.#options;
    const requestedAt = performance.now();
    const renewed = (await scripts.renew.run(redis, [key], [this.token, leaseMs])) === 1;
    this.#heldUntil = renewed ? requestedAt + leaseMs : 0;
    return renewed;
  }

  /** True when the lease was still held. */
  async release(): Promise<boolean> {
    const { redis, key } = this.#options;
    this.#heldUntil = 0;
    return (await scripts.release.run(redis, [key], [this.token])) === 1;
  }
}

/** The current owner of `key`. */
export async function readOwner(redis: Redis, key: string): Promise<(Owner & { token: number }) | undefined> {
  const [instance, url, token] = await redis.hmget(key, 'instance', 'url', 'token');
  if (instance == null || url == null || token == null) return undefined;
  return { instance, url, token: Number(token) };
}
