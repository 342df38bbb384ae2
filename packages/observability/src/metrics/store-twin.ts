import { decodeBlob, slotsOf } from './blob.ts';
import { sourceOf } from './publication.ts';
import { isCumulative } from './slot.ts';
import type { Member, Snapshot } from './snapshot.ts';
import {
  type FoldAnswer,
  type FoldRequest,
  MAX_FOLD,
  MAX_LEFT,
  type PublishAnswer,
  type PublishRequest,
} from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

interface State {
  store:
    | { id: string; since: number; at: number; folds: number; left: string[]; grace: number; gap: number }
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
 * What the Lua scripts do, in plain TypeScript: the oracle that they are tested against, and a Redis without Redis for
 * tests of what is built on them. Its clock is a field.
 */
export class StoreTwin {
  now = 0;
  #state: State = empty();
  #stores = 0;
  #times: ProtocolTimes;

  constructor(times: ProtocolTimes = PROTOCOL_TIMES) {
    this.#times = times;
  }

  publish({
    boot,
    blob,
    register,
    schemaText,
    knownStore,
    seenAt,
    seenFolds,
    elapsedMs,
  }: PublishRequest): PublishAnswer {
    const word = decodeBlob(blob)!;
    this.#open();
    const before = this.#state.store!;
    if (
      knownStore === before.id &&
      before.at + this.#times.maxRollbackMs < seenAt &&
      before.folds < seenFolds
    ) {
      this.#state.store = undefined;
      this.#open();
    }
    const { store, leases, blobs, schemas, tombstones } = this.#state;
    const answer = (status: PublishAnswer['status'], foldedSeq = 0): PublishAnswer => {
      return { status, now: this.now, storeId: store!.id, folds: store!.folds, foldedSeq };
    };
    if (!leases.has(boot)) {
      const tombstone = tombstones.get(boot);
      if (tombstone && tombstone.until > this.now) return answer('folded', tombstone.seq);
      if (!register || (knownStore !== '' && knownStore !== store!.id)) return answer('unknown');
    }
    const previous = decodeBlob(blobs.get(boot) ?? Buffer.alloc(0));
    if (previous && previous.seq >= word.seq) return answer('late');
    if (!schemas.has(word.schema)) {
      if (schemaText === undefined) return answer('schema');
      schemas.set(word.schema, schemaText);
    }
    if (previous?.schema !== word.schema) {
      this.#use(word.schema, 1);
      if (previous) this.#use(previous.schema, -1);
    }
    blobs.set(boot, blob);
    const heardBefore = knownStore === store!.id && seenAt > 0;
    const earliest = this.now - Math.floor(word.leaseMs / 2);
    const collectedAt = register ? earliest : heardBefore ? Math.max(seenAt + elapsedMs, earliest) : this.now;
    leases.set(boot, Math.min(this.now, collectedAt) + word.leaseMs);
    this.#noticeGap(word.leaseMs);
    store!.at = this.now;
    return answer('ok');
  }

  fold({ mode, leaseMs, boots }: FoldRequest): FoldAnswer {
    this.#open();
    const { store, leases, blobs, schemas, retired, tombstones } = this.#state;
    if (mode === 'lapsed') {
      this.#noticeGap(leaseMs);
      if (this.now < store!.grace) return { now: this.now, folded: [], unreadable: [] };
    }
    const folded: string[] = [];
    for (const boot of boots.slice(0, MAX_FOLD)) {
      const ends = leases.get(boot);
      if (ends === undefined || (mode === 'lapsed' && ends > this.now)) continue;
      const { schema, seq, values } = decodeBlob(blobs.get(boot)!)!;
      slotsOf(schemas.get(schema)!).forEach((slot, i) => {
        if (isCumulative(slot) && values[i] !== 0) retired.set(slot, (retired.get(slot) ?? 0) + values[i]!);
      });
      tombstones.set(boot, { seq, until: this.now + this.#times.tombstoneMs });
      leases.delete(boot);
      blobs.delete(boot);
      this.#use(schema, -1);
      folded.push(boot);
    }
    store!.folds += folded.length;
    store!.left = [...store!.left, ...folded].slice(-MAX_LEFT);
    return { now: this.now, folded, unreadable: [] };
  }

  snapshot(): Snapshot {
    this.#open();
    const { store, leases, blobs, schemas, retired } = this.#state;
    const members = [...leases].map(([boot, leaseEnds]): Member => {
      const { schema, seq, values, leaseMs } = decodeBlob(blobs.get(boot)!)!;
      const slots = slotsOf(schemas.get(schema)!);
      const { service, instance } = sourceOf(boot);
      return { service, instance, boot, publishedAt: leaseEnds - leaseMs, leaseEnds, seq, slots, values };
    });
    const { id, since, at, folds, left } = store!;
    return {
      now: this.now,
      storeId: id,
      since,
      publishedAt: at,
      folds,
      left,
      members,
      retired: new Map(retired),
      unreadable: [],
    };
  }

  /** How many schemas are kept. */
  get schemas(): number {
    return this.#state.schemas.size;
  }

  /** A copy to roll back to. */
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
      left: [],
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

  #use(schema: string, by: number): void {
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
