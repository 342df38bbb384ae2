import { decodeBlob, columnsOf } from './blob.ts';
import { sourceOf } from './publication.ts';
import { isCumulative } from './column.ts';
import type { Member, Snapshot } from './snapshot.ts';
import {
  type FoldReply,
  type FoldRequest,
  MAX_FOLD,
  MAX_RECENTLY_FOLDED,
  type PublishReply,
  type PublishRequest,
} from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

interface State {
  store:
    | {
        id: string;
        since: number;
        at: number;
        folds: number;
        recentlyFolded: string[];
        grace: number;
        gap: number;
      }
    | undefined;
  leases: Map<string, number>;
  blobs: Map<string, Buffer>;
  schemas: Map<string, string>;
  uses: Map<string, number>;
  retired: Map<string, number>;
  tombstones: Map<string, { seq: number; until: number }>;
}

const empty = (): State => ({
  store: undefined,
  leases: new Map(),
  blobs: new Map(),
  schemas: new Map(),
  uses: new Map(),
  retired: new Map(),
  tombstones: new Map(),
});

/**
 * A store in memory that behaves like the Lua scripts: the reference that the scripts are tested against, and a substitute for Redis in
 * tests of what is built on them. Its clock is a field.
 */
export class ReferenceStore {
  now = 0;
  #state: State = empty();
  #stores = 0;
  #times: ProtocolTimes;

  constructor(times: ProtocolTimes = PROTOCOL_TIMES) {
    this.#times = times;
  }

  publish({
    epoch,
    blob,
    register,
    schemaText,
    knownStore,
    knownTime,
    knownFolds,
    elapsedMs,
  }: PublishRequest): PublishReply {
    const decoded = decodeBlob(blob)!;
    this.#open();
    const before = this.#state.store!;
    if (
      knownStore === before.id &&
      before.at + this.#times.maxRollbackMs < knownTime &&
      before.folds < knownFolds
    ) {
      this.#state.store = undefined;
      this.#open();
    }
    const { store, leases, blobs, schemas, tombstones } = this.#state;
    const reply = (status: PublishReply['status'], foldedSeq = 0): PublishReply => {
      return { status, now: this.now, storeId: store!.id, folds: store!.folds, foldedSeq };
    };
    if (!leases.has(epoch)) {
      const tombstone = tombstones.get(epoch);
      if (tombstone && tombstone.until > this.now) return reply('folded', tombstone.seq);
      if (!register || (knownStore !== '' && knownStore !== store!.id)) return reply('unknown');
    }
    const previous = decodeBlob(blobs.get(epoch) ?? Buffer.alloc(0));
    if (previous && previous.seq >= decoded.seq) return reply('late');
    if (!schemas.has(decoded.schema)) {
      if (schemaText === undefined) return reply('schema');
      schemas.set(decoded.schema, schemaText);
    }
    if (previous?.schema !== decoded.schema) {
      this.#countUse(decoded.schema, 1);
      if (previous) this.#countUse(previous.schema, -1);
    }
    blobs.set(epoch, blob);
    const hasPublished = knownStore === store!.id && knownTime > 0;
    const earliest = this.now - Math.floor(decoded.leaseMs / 2);
    const collectedAt = register
      ? earliest
      : hasPublished
        ? Math.max(knownTime + elapsedMs, earliest)
        : this.now;
    leases.set(epoch, Math.min(this.now, collectedAt) + decoded.leaseMs);
    this.#noticeGap(decoded.leaseMs);
    store!.at = this.now;
    return reply('ok');
  }

  fold({ mode, leaseMs, epochs }: FoldRequest): FoldReply {
    this.#open();
    const { store, leases, blobs, schemas, retired, tombstones } = this.#state;
    if (mode === 'lapsed') {
      this.#noticeGap(leaseMs);
      if (this.now < store!.grace) return { now: this.now, folded: [], unreadable: [] };
    }
    const folded: string[] = [];
    for (const epoch of epochs.slice(0, MAX_FOLD)) {
      const ends = leases.get(epoch);
      if (ends === undefined || (mode === 'lapsed' && ends > this.now)) continue;
      const { schema, seq, values } = decodeBlob(blobs.get(epoch)!)!;
      columnsOf(schemas.get(schema)!).forEach((column, i) => {
        if (isCumulative(column) && values[i] !== 0)
          retired.set(column, (retired.get(column) ?? 0) + values[i]!);
      });
      tombstones.set(epoch, { seq, until: this.now + this.#times.tombstoneMs });
      leases.delete(epoch);
      blobs.delete(epoch);
      this.#countUse(schema, -1);
      folded.push(epoch);
    }
    store!.folds += folded.length;
    store!.recentlyFolded = [...store!.recentlyFolded, ...folded].slice(-MAX_RECENTLY_FOLDED);
    return { now: this.now, folded, unreadable: [] };
  }

  snapshot(): Snapshot {
    this.#open();
    const { store, leases, blobs, schemas, retired } = this.#state;
    const members = [...leases].map(([epoch, leaseEnds]): Member => {
      const { schema, seq, values, leaseMs } = decodeBlob(blobs.get(epoch)!)!;
      const columns = columnsOf(schemas.get(schema)!);
      const { service, instance } = sourceOf(epoch);
      return { service, instance, epoch, publishedAt: leaseEnds - leaseMs, leaseEnds, seq, columns, values };
    });
    const { id, since, at, folds, recentlyFolded } = store!;
    return {
      now: this.now,
      storeId: id,
      since,
      publishedAt: at,
      folds,
      recentlyFolded,
      members,
      retired: new Map(retired),
      unreadable: [],
    };
  }

  /** How many schemas are kept. */
  get schemas(): number {
    return this.#state.schemas.size;
  }

  /** Saves the state. The result restores it, as after a roll-back. */
  save(): () => void {
    const saved = copy(this.#state);
    return () => {
      this.#state = copy(saved);
    };
  }

  flushAll(): void {
    this.#state = empty();
  }

  #open(): void {
    if (this.#state.store) return;
    const { tombstones } = this.#state;
    const store = {
      id: `store-${++this.#stores}`,
      since: this.now,
      at: this.now,
      folds: 0,
      recentlyFolded: [],
      grace: 0,
      gap: 0,
    };
    this.#state = { ...empty(), tombstones, store };
  }

  #noticeGap(leaseMs: number): void {
    const store = this.#state.store!;
    if (this.now - store.at <= leaseMs / 2 || store.gap === store.at) return;
    store.gap = store.at;
    store.grace = this.now + leaseMs;
  }

  #countUse(schema: string, by: number): void {
    const uses = (this.#state.uses.get(schema) ?? 0) + by;
    if (uses > 0) this.#state.uses.set(schema, uses);
    else {
      this.#state.uses.delete(schema);
      this.#state.schemas.delete(schema);
    }
  }
}

function copy(state: State): State {
  const maps = Object.entries(state).map(([key, value]) => [
    key,
    value instanceof Map ? new Map(value) : value,
  ]);
  return { ...(Object.fromEntries(maps) as State), store: state.store && { ...state.store } };
}
