import { randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

/** Epochs that one call of the fold script takes. */
export const MAX_FOLD = 50;
/** The same number as `most_left` in fold.lua. */
export const MAX_RECENTLY_FOLDED = 32;

/** All keys start with the prefix, which holds one hash tag, such as `{prosaas}:metrics`. */
export interface StoreKeys {
  /**
   * Hash: `id`, `since`, `at` (time of the last publish by anyone), `folds` (how many epochs were folded), `fold` (id of the last fold),
   * `left` (the epochs that were folded last), `grace` (nobody is folded before), `gap` (the `at` for which `grace` was set).
   */
  readonly store: string;
  /** Sorted set: epoch -> end of its lease, ms of Redis' clock. */
  readonly leases: string;
  /** Hash: epoch -> its last blob. */
  readonly blobs: string;
  /** Hash: schema hash -> schema text. */
  readonly schemas: string;
  /** Hash: schema hash -> number of epochs that use it. */
  readonly uses: string;
  /** Hash: column -> sum over the folded epochs. */
  readonly retired: string;
  /** Hash: epoch -> schema hash and sequence number, copied from its blob. */
  readonly heads: string;
  /** String with an expiry: sequence number that was folded. */
  tombstone(epoch: string): string;
}

export function storeKeys(prefix: string): StoreKeys {
  return {
    store: `${prefix}:store`,
    leases: `${prefix}:leases`,
    blobs: `${prefix}:blobs`,
    schemas: `${prefix}:schemas`,
    uses: `${prefix}:uses`,
    retired: `${prefix}:retired`,
    heads: `${prefix}:heads`,
    tombstone: (epoch) => `${prefix}:folded:${epoch}`,
  };
}

export interface PublishRequest {
  readonly epoch: string;
  readonly blob: Buffer;
  /** Whether Redis may register the epoch when it does not know it. True for the first request of an epoch. */
  readonly register: boolean;
  /** `undefined` when Redis is known to have the schema. */
  readonly schemaText: string | undefined;
  /** Id of the store in the last reply; `''` before the first one. */
  readonly knownStore: string;
  /** Redis' time at the last acknowledged request, in ms; 0 before the first one. */
  readonly knownTime: number;
  /** Ms from `knownTime` until the values were collected. */
  readonly elapsedMs: number;
  /** Number of folds in the last reply; 0 before the first one. */
  readonly knownFolds: number;
}

export interface PublishReply {
  /**
   * - `ok`: the values were stored.
   * - `late`: Redis already has a newer request of this epoch.
   * - `schema`: Redis needs the schema text.
   * - `folded`: the epoch was taken for dead and folded.
   * - `unknown`: Redis does not know the epoch, because it lost its data or its last second.
   */
  readonly status: 'ok' | 'late' | 'schema' | 'folded' | 'unknown';
  /** Redis' time, in ms. */
  readonly now: number;
  readonly storeId: string;
  readonly folds: number;
  /** For `folded`: the sequence number whose values were folded. Otherwise 0. */
  readonly foldedSeq: number;
}

export interface FoldRequest {
  /** `lapsed` folds epochs whose lease has run out; `own` folds the epoch of a process that leaves, whose lease still runs. */
  readonly mode: 'lapsed' | 'own';
  readonly leaseMs: number;
  readonly epochs: readonly string[];
}

export interface FoldReply {
  readonly now: number;
  readonly folded: readonly string[];
  /** Epochs whose blob or schema cannot be read. They count nothing and are removed after the lifetime of a tombstone. */
  readonly unreadable: readonly string[];
}

/** The two operations that write. */
export interface MetricsStore {
  publish(request: PublishRequest): Promise<PublishReply>;
  fold(request: FoldRequest): Promise<FoldReply>;
}

const newStoreId = (): string => randomBytes(8).toString('hex');

const publishScript = luaScript('store', 'publish');
const foldScript = luaScript('store', 'fold');

/** The store in Redis; each operation is one Lua script. */
export function redisStore(
  redis: RedisClient,
  prefix: string,
  { tombstoneMs, maxRollbackMs }: ProtocolTimes = PROTOCOL_TIMES,
): MetricsStore {
  const keys = storeKeys(prefix);
  const common = [keys.store, keys.leases, keys.blobs, keys.schemas, keys.uses, keys.retired, keys.heads];
  return {
    publish: async (request) => {
      const { epoch, blob, register, schemaText, knownStore, knownTime, knownFolds, elapsedMs } = request;
      const [status, now, storeId, folds, foldedSeq] = (await publishScript.run(
        redis,
        [...common, keys.tombstone(epoch)],
        [
          epoch,
          blob,
          register ? '1' : '0',
          schemaText ?? '-',
          knownStore,
          String(knownTime),
          String(knownFolds),
          newStoreId(),
          String(maxRollbackMs),
          String(elapsedMs),
        ],
      )) as string[];
      return {
        status: status as PublishReply['status'],
        now: Number(now),
        storeId: String(storeId),
        folds: Number(folds),
        foldedSeq: Number(foldedSeq),
      };
    },
    fold: async ({ mode, leaseMs, epochs }) => {
      const some = epochs.slice(0, MAX_FOLD);
      const [now, folded, unreadable] = (await foldScript.run(
        redis,
        [...common, ...some.map((epoch) => keys.tombstone(epoch))],
        [mode, newStoreId(), String(leaseMs), String(tombstoneMs), ...some],
      )) as [string, string[], string[]];
      return { now: Number(now), folded, unreadable };
    },
  };
}
