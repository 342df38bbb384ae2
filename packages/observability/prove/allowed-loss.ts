import type { Answer, Ledger, SeriesName } from './ledger.ts';
import { TIMES } from './times.ts';
import type { Incidents } from './test-bed.ts';

interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * The counts that may be missing by design, computed for each process from its ledger and the injected faults:
 * - killed process: what it counted after the last request that Redis is known to have processed;
 * - roll-back: the requests since the copy of a process that left or was killed before it published again;
 * - FLUSHALL: everything that was counted before, and nothing that was counted since;
 * - process frozen or cut off until its tombstone expired: what it collected before the request by which it learns of this, and which
 *   Redis may not have received.
 */
export class AllowedLoss {
  readonly broken: string[] = [];
  #incidents: Incidents;
  #storeIndexes = new Map<string, number>();
  #bases = new Map<string, Range>();

  constructor(ledgers: ReadonlyMap<string, Ledger>, incidents: Incidents) {
    this.#incidents = incidents;
    const answers = [...ledgers.values()].flatMap((ledger) => ledger.answers);
    for (const { store } of answers.toSorted((a, b) => a.at - b.at)) {
      if (!this.#storeIndexes.has(store)) this.#storeIndexes.set(store, this.#storeIndexes.size);
    }
    const stores = this.#storeIndexes.size;
    if (stores !== incidents.flushes.length + 1)
      this.broken.push(`${stores} stores in Redis, but its data was lost ${incidents.flushes.length} times`);
  }

  /** What a process had counted when this store began for it. */
  base(ledger: Ledger, series: SeriesName, storeIndex: number): Range {
    const key = `${ledger.who} ${series} ${storeIndex}`;
    let base = this.#bases.get(key);
    if (!base) {
      base = this.#findBase(ledger, series, storeIndex);
      this.#bases.set(key, base);
    }
    return base;
  }

  #findBase(ledger: Ledger, series: SeriesName, storeIndex: number): Range {
    const flush = this.#incidents.flushes[storeIndex - 1];
    if (!flush || ledger.bornAt > flush.to) return { least: 0, most: 0 };
    // The publisher received every reply that came this fast.
    const heard = ledger.takenBy(flush.from, ({ tookMs }) => tookMs < TIMES.limitMs / 2);
    return { least: heard?.[series] ?? 0, most: ledger.countedBy(flush.to, series) };
  }

  /** Whether it ended before this store began. */
  isPast(ledger: Ledger, storeIndex: number): boolean {
    return ledger.endedAt < (this.#incidents.flushes[storeIndex - 1]?.from ?? 0);
  }

  most(ledger: Ledger, series: SeriesName, storeIndex: number, counted: number): number {
    return Math.max(0, counted - this.base(ledger, series, storeIndex).least);
  }

  least(ledger: Ledger, series: SeriesName, storeIndex: number, counted: number, at: number): number {
    const { most } = this.base(ledger, series, storeIndex);
    return Math.max(0, counted - most - this.#forgotten(ledger, series, storeIndex, at));
  }

  /** What Redis is known to have stored in this store and still has. */
  acknowledged(ledger: Ledger, series: SeriesName, storeIndex: number, by: number): number {
    return this.lastAcknowledged(ledger, storeIndex, by)?.[series] ?? 0;
  }

  lastAcknowledged(ledger: Ledger, storeIndex: number, by: number): Answer | undefined {
    return ledger.takenBy(
      by,
      (answer) => this.#storeIndexes.get(answer.store) === storeIndex && !this.#rolledBack(answer, by),
    );
  }

  /**
   * The possible bases of a process that continues in a new store: what it had collected at one moment. `undefined` when it was frozen
   * until its tombstone expired, because it then started two new epochs.
   */
  bases(ledger: Ledger, series: SeriesName, storeIndex: number, at: number): number[] | undefined {
    if (this.#forgotten(ledger, series, storeIndex, at) > 0) return undefined;
    const { least, most } = this.base(ledger, series, storeIndex);
    return [0, ...ledger.collected.map((collected) => collected[series])].filter(
      (value) => value >= least && value <= most,
    );
  }

  #rolledBack({ collectedAt, at }: Answer, by: number): boolean {
    return this.#incidents.rollBacks.some(
      ({ copiedAt, crashedAt }) => at > copiedAt && collectedAt <= crashedAt && crashedAt <= by,
    );
  }

  #forgotten(ledger: Ledger, series: SeriesName, storeIndex: number, by: number): number {
    const { answers } = ledger;
    let missing = 0;
    for (let i = 1; i < answers.length && answers[i]!.at <= by; i++) {
      const { store, collectedAt } = answers[i]!;
      const last = answers[i - 1]!;
      if (last.store !== store || this.#storeIndexes.get(store) !== storeIndex) continue;
      if (collectedAt - last.collectedAt < TIMES.tombstoneMs) continue;
      const acknowledged = this.acknowledged(ledger, series, storeIndex, collectedAt);
      // It learns of it by the first reply that is in time.
      while (i + 1 < answers.length && answers[i]!.tookMs > TIMES.limitMs / 2) i++;
      missing += Math.max(0, answers[i]!.before[series] - acknowledged);
    }
    return missing;
  }
}
