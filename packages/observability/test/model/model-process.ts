import { defineCatalogue } from '../../src/metrics/catalogue.ts';
import type { Counter } from '../../src/metrics/handles.ts';
import { Publication } from '../../src/metrics/publication.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { slotKey } from '../../src/metrics/slot.ts';
import type { PublishRequest } from '../../src/metrics/store.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import type { PairedStore } from './paired-store.ts';

export const LEASE = 10_000;
/** More words without an answer than a publisher remembers can lose counts. */
const MAX_UNHEARD = 6;

const who = Array.from({ length: 60 }, (_, i) => `p${i}`);
const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.', labels: { who } },
  more: { type: 'counter', help: 'Bound later: the schema changes.', labels: { who } },
});

/** What a process had counted when a store began for it: between what that before had surely taken, and all. */
export interface Base {
  readonly least: number;
  readonly most: number;
}

/** What Redis knows of a process. */
interface Remembered {
  readonly heardAt: number;
  readonly secured: readonly number[];
}

export const NOTHING: Remembered = { heardAt: -Infinity, secured: [] };

/** A process as the publisher drives it, and what an observer knows of it. Times are the model's. */
export class ModelProcess {
  readonly name: string;
  readonly slot: string;
  counted = 0;
  /** Collected for the last word that was sent. */
  sent = 0;
  readonly history: { readonly at: number; readonly counted: number }[] = [];
  /** Collections that the present store took, and still has after a roll-back. */
  secured: number[] = [];
  base: Base = { least: 0, most: 0 };
  /** When it heard last that a word was taken, and since when it is in Redis without a break. */
  heardAt: number = -Infinity;
  memberSince: number = Infinity;
  /** When it heard of a word that a roll-back took, and when that was. */
  lost: { readonly from: number; readonly to: number } | undefined;
  /** Lost for good: it did not speak for so long that its tombstone was gone. */
  deficit = 0;
  isAlive = true;
  #heard = 0;
  #store = '';
  #unheard = 0;
  #counter: Counter;
  #registry = new MetricsRegistry(catalogue);
  #publication: Publication;

  constructor(index: number) {
    this.name = who[index]!;
    this.slot = slotKey({ kind: 'c', name: 'jobs', labels: { who: this.name } });
    this.#counter = this.#registry.counter('jobs', { who: this.name });
    this.#publication = new Publication({ service: 'model', instance: this.name }, LEASE);
  }

  count(n: number, now: number): void {
    if (n === 3) this.#registry.counter('more', { who: this.name }).add(1);
    this.#counter.add(n);
    this.counted += n;
    this.history.push({ at: now, counted: this.counted });
  }

  countedBy(time: number): number {
    return this.history.findLast(({ at }) => at <= time)?.counted ?? 0;
  }

  /** Its words may get lost from now on only so often. */
  get mustBeHeard(): boolean {
    return this.#unheard >= MAX_UNHEARD;
  }

  /** A word whose answer nobody hears. */
  unheard(now: number): PublishRequest {
    this.#unheard++;
    const before = this.sent;
    this.sent = this.counted;
    return this.#next(now, before);
  }

  #next(now: number, before: number): PublishRequest {
    const { epoch } = this.#publication;
    const word = this.#publication.nextRequest(this.#registry.collect(), now);
    // Its first word went unanswered for so long that all before this one counts as folded.
    if (word.epoch !== epoch) this.deficit += before - (this.secured.at(-1) ?? 0);
    return word;
  }

  async publish(store: PairedStore): Promise<void> {
    for (let words = 0; words < 4; words++) {
      const before = this.sent;
      this.sent = this.counted;
      const answer = await store.publish(this.#next(store.now, before));
      const { status, storeId } = answer;
      const isForgotten =
        status === 'unknown' &&
        storeId === this.#store &&
        store.now - this.heardAt >= PROTOCOL_TIMES.tombstoneMs + LEASE / 2;
      if (isForgotten) this.deficit += before - (this.secured.at(-1) ?? 0);
      if (status !== 'ok' && status !== 'late') this.memberSince = Infinity;
      if (this.#publication.handleReply(answer, store.now) === 'again') continue;
      this.#store = storeId;
      this.#unheard = 0;
      this.#heard = this.counted;
      this.heardAt = store.now;
      this.memberSince = Math.min(this.memberSince, store.now);
      this.secured.push(this.counted);
      return;
    }
    throw new Error('more than four words');
  }

  /** The store is gone with all that it had. */
  beginAgain(): void {
    const least = Math.min(this.#heard, this.secured.at(-1) ?? 0);
    this.base = { least, most: this.counted };
    this.secured = [];
    this.deficit = 0;
  }

  /** What Redis knows of it, to roll back to. */
  remember(): Remembered {
    return { heardAt: this.heardAt, secured: [...this.secured] };
  }

  rollBack({ heardAt, secured }: Remembered, now: number): void {
    if (this.heardAt > heardAt) this.lost = { from: this.heardAt, to: now };
    this.heardAt = heardAt;
    this.secured = [...secured];
  }

  /** The least and the most that may be in the totals now. */
  range(due: number): { least: number; most: number } {
    const counted = this.isAlive ? this.counted : this.sent;
    const secured = Math.max(due, this.secured.at(-1) ?? 0);
    return {
      least: Math.max(0, secured - this.base.most - this.deficit),
      most: Math.max(0, counted - this.base.least),
    };
  }

  async leave(store: PairedStore): Promise<void> {
    await this.publish(store);
    await store.fold({ mode: 'own', leaseMs: LEASE, epochs: [this.#publication.epoch] });
    this.isAlive = false;
  }
}
