import { deepEqual, equal } from 'node:assert/strict';
import { type Snapshot, SnapshotReader } from '../../src/metrics/snapshot.ts';
import { ReferenceStore } from '../../src/metrics/reference-store.ts';
import {
  type FoldRequest,
  type MetricsStore,
  type PublishReply,
  type PublishRequest,
  redisStore,
  storeKeys,
} from '../../src/metrics/store.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import type { ClockedRedis } from './clocked-redis.ts';

const PREFIX = 'metrics';

/** The reference store, and optionally the Lua scripts on a real Redis, which must give the same replies at every step. */
export class PairedStore {
  readonly reference: ReferenceStore = new ReferenceStore();
  #redis: ClockedRedis | undefined;
  #lua: MetricsStore | undefined;
  #prefix: string;
  /** Ids of stores are random: id of the reference -> id in Redis. */
  #ids = new Map<string, string>();
  #tombstones = new Map<string, number>();

  constructor(redis?: ClockedRedis, tag = '') {
    this.#redis = redis;
    this.#prefix = `${tag}:${PREFIX}`;
    this.#lua = redis && redisStore(redis.client, this.#prefix);
  }

  get now(): number {
    return this.reference.now;
  }

  async setTime(ms: number): Promise<void> {
    this.reference.now = ms;
    if (!this.#redis) return;
    await this.#redis.setTime(ms);
    // Redis would let them expire by its own clock.
    for (const [epoch, until] of this.#tombstones) {
      if (until > ms) continue;
      await this.#redis.forget(storeKeys(this.#prefix).tombstone(epoch));
      this.#tombstones.delete(epoch);
    }
  }

  async publish(request: PublishRequest): Promise<PublishReply> {
    const answer = this.reference.publish(request);
    if (this.#lua) {
      const knownStore = this.#ids.get(request.knownStore) ?? request.knownStore;
      const { storeId, ...said } = await this.#lua.publish({ ...request, knownStore });
      const { storeId: referenceId, ...expected } = answer;
      deepEqual(said, expected);
      if (!this.#ids.has(referenceId)) this.#ids.set(referenceId, storeId);
      equal(storeId, this.#ids.get(referenceId));
    }
    return answer;
  }

  async fold(request: FoldRequest): Promise<void> {
    const answer = this.reference.fold(request);
    for (const epoch of answer.folded) this.#tombstones.set(epoch, this.now + PROTOCOL_TIMES.tombstoneMs);
    if (this.#lua) deepEqual(await this.#lua.fold(request), answer);
  }

  async flushAll(): Promise<void> {
    this.reference.flushAll();
    await this.#redis?.clear();
  }

  async save(): Promise<() => Promise<void>> {
    const reference = this.reference.save();
    const redis = await this.#redis?.save();
    const tombstones = new Map(this.#tombstones);
    return async () => {
      reference();
      await redis?.();
      this.#tombstones = new Map(tombstones);
    };
  }

  /** The snapshot of the reference, which that of Redis must equal. */
  async snapshot(): Promise<Snapshot> {
    if (this.#redis) {
      const read = await new SnapshotReader(this.#redis.client, storeKeys(this.#prefix)).read();
      if (read) deepEqual(comparable(read), comparable(this.reference.snapshot()));
    }
    return this.reference.snapshot();
  }
}

/** Without ids, which are random, and without times of the store. Members come in any order. */
function comparable({ members, folds, recentlyFolded, retired, unreadable }: Snapshot): object {
  return {
    members: members.toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1)),
    folds,
    recentlyFolded,
    retired,
    unreadable,
  };
}
