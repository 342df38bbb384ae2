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

/** The twin, and beside it the Lua on a real Redis, which has to say the same at every step. */
export class PairedStore {
  readonly twin: ReferenceStore = new ReferenceStore();
  #redis: ClockedRedis | undefined;
  #lua: MetricsStore | undefined;
  #prefix: string;
  /** The ids of stores are random on one side: twin's -> Redis'. */
  #ids = new Map<string, string>();
  #tombstones = new Map<string, number>();

  constructor(redis?: ClockedRedis, tag = '') {
    this.#redis = redis;
    this.#prefix = `${tag}:${PREFIX}`;
    this.#lua = redis && redisStore(redis.client, this.#prefix);
  }

  get now(): number {
    return this.twin.now;
  }

  async setTime(ms: number): Promise<void> {
    this.twin.now = ms;
    if (!this.#redis) return;
    await this.#redis.setTime(ms);
    // Redis itself would forget them by its own clock.
    for (const [epoch, until] of this.#tombstones) {
      if (until > ms) continue;
      await this.#redis.forget(storeKeys(this.#prefix).tombstone(epoch));
      this.#tombstones.delete(epoch);
    }
  }

  async publish(request: PublishRequest): Promise<PublishReply> {
    const answer = this.twin.publish(request);
    if (this.#lua) {
      const knownStore = this.#ids.get(request.knownStore) ?? request.knownStore;
      const { storeId, ...said } = await this.#lua.publish({ ...request, knownStore });
      const { storeId: twinId, ...expected } = answer;
      deepEqual(said, expected);
      if (!this.#ids.has(twinId)) this.#ids.set(twinId, storeId);
      equal(storeId, this.#ids.get(twinId));
    }
    return answer;
  }

  async fold(request: FoldRequest): Promise<void> {
    const answer = this.twin.fold(request);
    for (const epoch of answer.folded) this.#tombstones.set(epoch, this.now + PROTOCOL_TIMES.tombstoneMs);
    if (this.#lua) deepEqual(await this.#lua.fold(request), answer);
  }

  async flushAll(): Promise<void> {
    this.twin.flushAll();
    await this.#redis?.clear();
  }

  async save(): Promise<() => Promise<void>> {
    const twin = this.twin.save();
    const redis = await this.#redis?.save();
    const tombstones = new Map(this.#tombstones);
    return async () => {
      twin();
      await redis?.();
      this.#tombstones = new Map(tombstones);
    };
  }

  /** The twin's view; Redis has to show the same. */
  async snapshot(): Promise<Snapshot> {
    if (this.#redis) {
      const read = await new SnapshotReader(this.#redis.client, storeKeys(this.#prefix)).read();
      if (read) deepEqual(comparable(read), comparable(this.twin.snapshot()));
    }
    return this.twin.snapshot();
  }
}

/** Ids are random, and who opens a store for reading may differ; members come in any order. */
function comparable({ members, folds, recentlyFolded, retired, unreadable }: Snapshot): object {
  return {
    members: members.toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1)),
    folds,
    recentlyFolded,
    retired,
    unreadable,
  };
}
