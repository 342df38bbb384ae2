import { type Owner, OwnerLease, readOwner } from '@prosaas/leases';
import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import type { PublishedStatus } from './session-status.ts';

/** This replica's lease of one session. */
export interface Ownership {
  /** Grows with each owner. The auth state accepts writes with the newest fence only. */
  readonly fence: bigint;
  /** False: the lease has expired, or another replica has it. Rejects while Redis is unavailable. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

/** Which replica owns which session, and the status that it publishes: a lease and a status key for each session, in Redis. */
export class Owners {
  readonly leaseMs: number;
  readonly self: Owner;
  readonly #redis: Redis;
  readonly #keys: Keyspace;

  constructor(options: { redis: Redis; keys: Keyspace; self: Owner; leaseMs: number }) {
    this.#redis = options.redis;
    this.#keys = options.keys;
    this.self = options.self;
    this.leaseMs = options.leaseMs;
  }

  #leaseKey(sessionId: string): string {
    return this.#keys.key('whatsapp', 'owner', sessionId);
  }

  #statusKey(sessionId: string): string {
    return this.#keys.key('whatsapp', 'status', sessionId);
  }

  /** Undefined while another replica holds the session. */
  async acquire(sessionId: string): Promise<Ownership | undefined> {
    const lease = await OwnerLease.acquire({
      redis: this.#redis,
      key: this.#leaseKey(sessionId),
      owner: this.self,
      leaseMs: this.leaseMs,
    });
    return (
      lease && {
        fence: BigInt(lease.token),
        renew: () => lease.renew(),
        release: async () => {
          await lease.release();
        },
      }
    );
  }

  async ownerOf(sessionId: string): Promise<Owner | undefined> {
    return readOwner(this.#redis, this.#leaseKey(sessionId));
  }

  /** Publishes a status to the other replicas. It expires soon after the lease of an owner that died. */
  async publish(sessionId: string, status: PublishedStatus): Promise<void> {
    await this.#redis.set(this.#statusKey(sessionId), JSON.stringify(status), 'PX', 2 * this.leaseMs);
  }

  async withdraw(sessionId: string): Promise<void> {
    await this.#redis.del(this.#statusKey(sessionId));
  }

  /** The published statuses of these sessions. Sessions without an owner are missing. */
  async statuses(sessionIds: readonly string[]): Promise<Map<string, PublishedStatus>> {
    if (sessionIds.length === 0) return new Map();
    const texts = await this.#redis.mget(sessionIds.map((id) => this.#statusKey(id)));
    return new Map(
      sessionIds.flatMap((id, index) => {
        const text = texts[index];
        return text ? [[id, JSON.parse(text) as PublishedStatus] as const] : [];
      }),
    );
  }

  /** Those of the sessions that have no owner. */
  async unowned(sessionIds: readonly string[]): Promise<string[]> {
    if (sessionIds.length === 0) return [];
    const pipeline = this.#redis.pipeline();
    for (const id of sessionIds) pipeline.exists(this.#leaseKey(id));
    const replies = (await pipeline.exec()) ?? [];
    return sessionIds.filter((_id, index) => {
      const [error, exists] = replies[index] ?? [new Error('a reply is missing')];
      if (error) throw error;
      return exists === 0;
    });
  }
}
