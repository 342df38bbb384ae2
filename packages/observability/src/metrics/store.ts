import { randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

export const MAX_FOLD = 50;
/** As fold.lua has it. */
export const MAX_LEFT = 32;

/** All keys carry the prefix, and with it one hash tag, such as `{prosaas}:metrics`. */
export interface StoreKeys {
  /** Hash: id, since, at (last publishing by anyone), folds, fold (id of the last), left (who was folded last), grace, gap. */
  readonly store: string;
  /** Sorted set: boot -> end of its lease, ms of Redis' clock. */
  readonly leases: string;
  /** Hash: boot -> its last blob. */
  readonly blobs: string;
  /** Hash: schema hash -> text. */
  readonly schemas: string;
  /** Hash: schema hash -> how many boots use it. */
  readonly uses: string;
  /** Hash: slot -> what folded boots left. */
  readonly retired: string;
  /** Hash: boot -> schema hash and sequence number of its blob, as they stand there. */
  readonly heads: string;
  tombstone(boot: string): string;
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
    tombstone: (boot) => `${prefix}:folded:${boot}`,
  };
}

export interface PublishRequest {
  readonly boot: string;
  readonly blob: Buffer;
  /** The first word of a boot: Redis may take it up as a member. */
  readonly register: boolean;
  /** Not needed when Redis has it already. */
  readonly schemaText: string | undefined;
  /** What the caller last knew of the store; `''`, 0 and 0 when nothing. */
  readonly knownStore: string;
  readonly seenAt: number;
  /** How long ago that was when the values were collected. */
  readonly elapsedMs: number;
  readonly seenFolds: number;
}

export interface PublishAnswer {
  /**
   * `ok`; `late`: a newer word of this boot is there already; `schema`: send the text too; `folded`: this boot was
   * given up for dead; `unknown`: Redis does not know it (it lost its data, or its last second).
   */
  readonly status: 'ok' | 'late' | 'schema' | 'folded' | 'unknown';
  readonly now: number;
  readonly storeId: string;
  readonly folds: number;
  readonly foldedSeq: number;
}

export interface FoldRequest {
  /** `own` folds a boot whose lease still runs: its process says that it leaves. */
  readonly mode: 'lapsed' | 'own';
  readonly leaseMs: number;
  readonly boots: readonly string[];
}

export interface FoldAnswer {
  readonly now: number;
  readonly folded: readonly string[];
  /** Boots whose blob or schema can't be read. They count nothing, and leave after a tombstone's time. */
  readonly unreadable: readonly string[];
}

export interface MetricsStore {
  publish(request: PublishRequest): Promise<PublishAnswer>;
  fold(request: FoldRequest): Promise<FoldAnswer>;
}

const newStoreId = (): string => randomBytes(8).toString('hex');

const publishScript = luaScript('store', 'publish');
const foldScript = luaScript('store', 'fold');

/** The two scripts that write. */
export function redisStore(
  redis: RedisClient,
  prefix: string,
  { tombstoneMs, maxRollbackMs }: ProtocolTimes = PROTOCOL_TIMES,
): MetricsStore {
  const keys = storeKeys(prefix);
  const fixed = [keys.store, keys.leases, keys.blobs, keys.schemas, keys.uses, keys.retired, keys.heads];
  return {
    publish: async (request) => {
      const { boot, blob, register, schemaText, knownStore, seenAt, seenFolds, elapsedMs } = request;
      const numbers = [seenAt, seenFolds].map(String);
      const answer = (await publishScript.run(
        redis,
        [...fixed, keys.tombstone(boot)],
        [
          boot,
          blob,
          register ? '1' : '0',
          schemaText ?? '-',
          knownStore,
          ...numbers,
          newStoreId(),
          String(maxRollbackMs),
          String(elapsedMs),
        ],
      )) as string[];
      const [status, now, storeId, folds, foldedSeq] = answer;
      return {
        status: status as PublishAnswer['status'],
        now: Number(now),
        storeId: String(storeId),
        folds: Number(folds),
        foldedSeq: Number(foldedSeq),
      };
    },
    fold: async ({ mode, leaseMs, boots }) => {
      const some = boots.slice(0, MAX_FOLD);
      const [now, folded, unreadable] = (await foldScript.run(
        redis,
        [...fixed, ...some.map((boot) => keys.tombstone(boot))],
        [mode, newStoreId(), String(leaseMs), String(tombstoneMs), ...some],
      )) as [string, string[], string[]];
      return { now: Number(now), folded, unreadable };
    },
  };
}
