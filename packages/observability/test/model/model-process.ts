import { defineCatalogue } from '../../src/metrics/catalogue.ts';
import type { Counter } from '../../src/metrics/handles.ts';
import { Publication } from '../../src/metrics/publication.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { formatColumn } from '../../src/metrics/column.ts';
import type { PublishRequest } from '../../src/metrics/store.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import type { PairedStore } from './paired-store.ts';

export const LEASE = 10_000;
/** With more unacknowledged requests than a publisher remembers, counts can be lost. */
const MAX_UNACKNOWLEDGED = 6;

const who = Array.from({ length: 60 }, (_, i) => `p${i}`);
const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.', labels: { who } },
  more: { type: 'counter', help: 'Bound later: the schema changes.', labels: { who } },
});

/** What a process had counted when a store began for it: at least what the previous store surely had, at most everything. */
export interface Base {
  readonly least: number;
  readonly most: number;
}

/** What Redis knows of a process. */
interface Remembered {
  readonly acknowledgedAt: number;
  readonly secured: readonly number[];
}

export const NOTHING: Remembered = { acknowledgedAt: -Infinity, secured: [] };

/** A publishing process and what an observer knows about it. Times are those of the model. */
export class ModelProcess {
  readonly name: string;
  readonly column: string;
  counted = 0;
  /** Collected for the last request. */
  sent = 0;
  readonly history: { readonly at: number; readonly counted: number }[] = [];
  /** Collections that the present store has, also after a roll-back. */
  secured: number[] = [];
  base: Base = { least: 0, most: 0 };
  /** Time of the last acknowledgement, and since when it has been a member without interruption. */
  acknowledgedAt: number = -Infinity;
  memberSince: number = Infinity;
  /** Time of an acknowledgement that was rolled back, and time of the roll-back. */
  lost: { readonly from: number; readonly to: number } | undefined;
  /** Counts lost for good, because it was silent until its tombstone had expired. */
  deficit = 0;
  isAlive = true;
  #acknowledged = 0;
  #store = '';
  #unacknowledgedRequest = 0;
  #counter: Counter;
  #registry = new MetricsRegistry(catalogue);
  #publication: Publication;

  constructor(index: number) {
    this.name = who[index]!;
    this.column = formatColumn({ kind: 'c', name: 'jobs', labels: { who: this.name } });
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

  /** Whether its next request has to be acknowledged. */
  get mustBeAcknowledged(): boolean {
    return this.#unacknowledgedRequest >= MAX_UNACKNOWLEDGED;
  }

  /** A request whose reply is lost. */
  unacknowledgedRequest(now: number): PublishRequest {
    this.#unacknowledgedRequest++;
    const before = this.sent;
    this.sent = this.counted;
    return this.#next(now, before);
  }

  #next(now: number, before: number): PublishRequest {
    const { epoch } = this.#publication;
    const request = this.#publication.nextRequest(this.#registry.collect(), now);
    // Its first request was not acknowledged for so long that all earlier ones count as folded.
    if (request.epoch !== epoch) this.deficit += before - (this.secured.at(-1) ?? 0);
    return request;
  }

  async publish(store: PairedStore): Promise<void> {
    for (let requests = 0; requests < 4; requests++) {
      const before = this.sent;
      this.sent = this.counted;
      const answer = await store.publish(this.#next(store.now, before));
      const { status, storeId } = answer;
      const isForgotten =
        status === 'unknown' &&
        storeId === this.#store &&
        store.now - this.acknowledgedAt >= PROTOCOL_TIMES.tombstoneMs + LEASE / 2;
      if (isForgotten) this.deficit += before - (this.secured.at(-1) ?? 0);
      if (status !== 'ok' && status !== 'late') this.memberSince = Infinity;
      if (this.#publication.handleReply(answer, store.now) === 'again') continue;
      this.#store = storeId;
      this.#unacknowledgedRequest = 0;
      this.#acknowledged = this.counted;
      this.acknowledgedAt = store.now;
      this.memberSince = Math.min(this.memberSince, store.now);
      this.secured.push(this.counted);
      return;
    }
    throw new Error('more than four requests');
  }

  /** The store is gone with all its data. */
  beginAgain(): void {
    const least = Math.min(this.#acknowledged, this.secured.at(-1) ?? 0);
    this.base = { least, most: this.counted };
    this.secured = [];
    this.deficit = 0;
  }

  /** What Redis knows of it, to roll back to. */
  remember(): Remembered {
    return { acknowledgedAt: this.acknowledgedAt, secured: [...this.secured] };
  }

  rollBack({ acknowledgedAt, secured }: Remembered, now: number): void {
    if (this.acknowledgedAt > acknowledgedAt) this.lost = { from: this.acknowledgedAt, to: now };
    this.acknowledgedAt = acknowledgedAt;
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
