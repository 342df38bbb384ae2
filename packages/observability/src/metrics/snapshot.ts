import type { RedisClient } from '../redis/client.ts';
import { type Blob, decodeBlob, columnsOf } from './blob.ts';
import { type MetricsSource, sourceOf } from './publication.ts';
import type { StoreKeys } from './store.ts';

/** A consistent view of the store, read in one MULTI. Times are ms of Redis' clock. */
export interface Snapshot {
  readonly now: number;
  readonly storeId: string;
  /** When the store was opened. */
  readonly since: number;
  /** When anyone published last. */
  readonly publishedAt: number;
  /** How many epochs have been folded. */
  readonly folds: number;
  /** The epochs that were folded last, at most `MAX_RECENTLY_FOLDED`. */
  readonly recentlyFolded: readonly string[];
  readonly members: readonly Member[];
  /** Column -> sum over the folded epochs. */
  readonly retired: ReadonlyMap<string, number>;
  /** Epochs whose blob or schema cannot be read. */
  readonly unreadable: readonly string[];
}

/** An epoch that has published and is not folded yet. */
export interface Member extends MetricsSource {
  readonly epoch: string;
  readonly publishedAt: number;
  readonly leaseEnds: number;
  readonly seq: number;
  readonly columns: readonly string[];
  readonly values: Float64Array;
}

/** Schemas never change, so they are cached. No system has a thousand of them at once. */
const MAX_SCHEMAS = 1000;

export class SnapshotReader {
  #redis: RedisClient;
  #keys: StoreKeys;
  #schemas = new Map<string, readonly string[]>();
  /** Only a fold changes the retired totals, so they are cached under the name of the last fold. */
  #retired: { name: string; totals: ReadonlyMap<string, number> } = { name: '', totals: new Map() };

  constructor(redis: RedisClient, keys: StoreKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** `undefined` when there is no store yet. */
  async read(): Promise<Snapshot | undefined> {
    let raw = await this.#readAll();
    // A schema that is gone was removed by a fold meanwhile. The next attempt sees the retired totals instead.
    for (let attempt = 0; attempt < 3 && !(await this.#loadSchemas(raw)); attempt++)
      raw = await this.#readAll();
    if (!raw.store.id) return undefined;

    const members: Member[] = [];
    const unreadable: string[] = [];
    for (const { epoch, leaseEnds, blob } of raw.members) {
      const columns = blob && this.#schemas.get(blob.schema);
      if (!blob || columns?.length !== blob.values.length) {
        unreadable.push(epoch);
        continue;
      }
      const { seq, values, leaseMs } = blob;
      members.push({
        ...sourceOf(epoch),
        epoch,
        publishedAt: leaseEnds - leaseMs,
        leaseEnds,
        seq,
        columns,
        values,
      });
    }
    return {
      now: raw.now,
      storeId: raw.store.id,
      since: raw.store.since,
      publishedAt: raw.store.at,
      folds: raw.store.folds,
      recentlyFolded: raw.store.recentlyFolded,
      members,
      retired: raw.retired,
      unreadable,
    };
  }

  /** Reads the retired totals only when there was a fold since the last read. */
  async #readAll(): Promise<RawSnapshot> {
    let reply = await this.#readOnce(this.#retired.name === '');
    if (reply.name !== this.#retired.name && !reply.retired) reply = await this.#readOnce(true);
    if (reply.retired) this.#retired = { name: reply.name, totals: reply.retired };
    return { ...reply, retired: this.#retired.totals };
  }

  async #readOnce(withRetired: boolean): Promise<RawReply> {
    const { store, leases, blobs, retired } = this.#keys;
    const view = this.#redis
      .multi()
      .time()
      .hmget(store, 'id', 'since', 'at', 'folds', 'fold', 'left')
      .zrange(leases, '0', '-1', 'WITHSCORES')
      .hgetallBuffer(blobs);
    const replies = await (withRetired ? view.hgetall(retired) : view).exec();
    const [time, fields, scores, bytes, totals] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    }) as [
      [string, string],
      (string | null)[],
      string[],
      Record<string, Buffer>,
      Record<string, string> | undefined,
    ];
    const [id, since, at, folds, fold, left] = fields;
    const members: RawMember[] = [];
    for (let i = 0; i + 1 < scores.length; i += 2) {
      const epoch = scores[i]!;
      const blob = bytes[epoch];
      members.push({ epoch, leaseEnds: Number(scores[i + 1]), blob: blob && decodeBlob(blob) });
    }
    return {
      now: Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000),
      store: {
        id: id ?? '',
        since: Number(since),
        at: Number(at),
        folds: Number(folds),
        recentlyFolded: left?.split('\n').slice(0, -1) ?? [],
      },
      // A roll-back restores this name together with the totals.
      name: `${id ?? ''}:${fold ?? ''}`,
      members,
      retired: totals && new Map(Object.entries(totals).map(([column, value]) => [column, Number(value)])),
    };
  }

  /** `false` when a schema that is in use no longer exists. */
  async #loadSchemas({ members }: RawSnapshot): Promise<boolean> {
    const missing = new Set<string>();
    for (const { blob } of members) if (blob && !this.#schemas.has(blob.schema)) missing.add(blob.schema);
    if (missing.size === 0) return true;
    if (this.#schemas.size + missing.size > MAX_SCHEMAS) this.#schemas.clear();
    const hashes = [...missing];
    const texts = await this.#redis.hmget(this.#keys.schemas, ...hashes);
    hashes.forEach((hash, i) => {
      const text = texts[i];
      if (typeof text === 'string') this.#schemas.set(hash, columnsOf(text));
    });
    return texts.every((text) => typeof text === 'string');
  }
}

interface RawMember {
  readonly epoch: string;
  readonly leaseEnds: number;
  /** `undefined` when it is missing or not a valid blob. */
  readonly blob: Blob | undefined;
}

interface RawSnapshot {
  readonly now: number;
  readonly store: {
    readonly id: string;
    readonly since: number;
    readonly at: number;
    readonly folds: number;
    readonly recentlyFolded: readonly string[];
  };
  readonly members: readonly RawMember[];
  readonly retired: ReadonlyMap<string, number>;
}

interface RawReply extends Omit<RawSnapshot, 'retired'> {
  readonly name: string;
  readonly retired: ReadonlyMap<string, number> | undefined;
}
