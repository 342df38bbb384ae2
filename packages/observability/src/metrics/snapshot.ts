import type { RedisClient } from '../redis/client.ts';
import { type Blob, decodeBlob, slotsOf } from './blob.ts';
import { type MetricsSource, sourceOf } from './publication.ts';
import type { StoreKeys } from './store.ts';

/** One consistent view of the store, taken in one MULTI. Times are milliseconds of Redis' clock. */
export interface Snapshot {
  readonly now: number;
  readonly storeId: string;
  readonly since: number;
  readonly publishedAt: number;
  readonly folds: number;
  readonly members: readonly Member[];
  /** Slot -> what folded boots left. */
  readonly retired: ReadonlyMap<string, number>;
  /** Boots whose blob or schema can't be read. */
  readonly unreadable: readonly string[];
}

/** A boot that published and is not folded yet. */
export interface Member extends MetricsSource {
  readonly boot: string;
  readonly publishedAt: number;
  readonly leaseEnds: number;
  readonly seq: number;
  readonly slots: readonly string[];
  readonly values: Float64Array;
}

/** Schemas never change, so they are kept; a thousand of them are more than any system has side by side. */
const MAX_SCHEMAS = 1000;

export class SnapshotReader {
  #redis: RedisClient;
  #keys: StoreKeys;
  #schemas = new Map<string, readonly string[]>();

  constructor(redis: RedisClient, keys: StoreKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** `undefined` when there is no store yet. */
  async read(): Promise<Snapshot | undefined> {
    let raw = await this.#readAll();
    // A schema that is gone was left by a fold since: what it folded is retired by now.
    for (let turn = 0; turn < 3 && !(await this.#learnSchemas(raw)); turn++) raw = await this.#readAll();
    if (!raw.store.id) return undefined;

    const members: Member[] = [];
    const unreadable: string[] = [];
    for (const [boot, leaseEnds] of raw.leases) {
      const blob = raw.blobs.get(boot);
      const slots = blob && this.#schemas.get(blob.schema);
      if (!blob || slots?.length !== blob.values.length) {
        unreadable.push(boot);
        continue;
      }
      const { seq, values, leaseMs } = blob;
      members.push({
        ...sourceOf(boot),
        boot,
        publishedAt: leaseEnds - leaseMs,
        leaseEnds,
        seq,
        slots,
        values,
      });
    }
    return {
      now: raw.now,
      storeId: raw.store.id,
      since: Number(raw.store.since),
      publishedAt: Number(raw.store.at),
      folds: Number(raw.store.folds),
      members,
      retired: raw.retired,
      unreadable,
    };
  }

  async #readAll(): Promise<RawSnapshot> {
    const { store, leases, blobs, retired } = this.#keys;
    const replies = await this.#redis
      .multi()
      .time()
      .hgetall(store)
      .zrange(leases, '0', '-1', 'WITHSCORES')
      .hgetallBuffer(blobs)
      .hgetall(retired)
      .exec();
    const [time, fields, scores, bytes, totals] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    }) as [
      [string, string],
      Record<string, string>,
      string[],
      Record<string, Buffer>,
      Record<string, string>,
    ];
    const members: [string, number][] = [];
    for (let i = 0; i + 1 < scores.length; i += 2) members.push([scores[i]!, Number(scores[i + 1])]);
    const decoded = Object.entries(bytes).map(([boot, buffer]) => [boot, decodeBlob(buffer)] as const);
    return {
      now: Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000),
      store: fields,
      leases: members,
      blobs: new Map(decoded.filter((entry): entry is [string, Blob] => entry[1] !== undefined)),
      retired: new Map(Object.entries(totals).map(([slot, value]) => [slot, Number(value)])),
    };
  }

  /** `false` when one that is in use is not there any more. */
  async #learnSchemas({ blobs }: RawSnapshot): Promise<boolean> {
    const missing = new Set(
      [...blobs.values()].map(({ schema }) => schema).filter((hash) => !this.#schemas.has(hash)),
    );
    if (missing.size === 0) return true;
    if (this.#schemas.size + missing.size > MAX_SCHEMAS) this.#schemas.clear();
    const hashes = [...missing];
    const texts = await this.#redis.hmget(this.#keys.schemas, ...hashes);
    hashes.forEach((hash, i) => {
      const text = texts[i];
      if (typeof text === 'string') this.#schemas.set(hash, slotsOf(text));
    });
    return texts.every((text) => typeof text === 'string');
  }
}

interface RawSnapshot {
  readonly now: number;
  readonly store: Readonly<Record<string, string>>;
  readonly leases: readonly (readonly [string, number])[];
  readonly blobs: ReadonlyMap<string, Blob>;
  readonly retired: ReadonlyMap<string, number>;
}
