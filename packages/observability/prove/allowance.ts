import type { Answer, Ledger, SeriesName } from './ledger.ts';
import { TIMES } from './times.ts';
import type { Marks } from './world.ts';

interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * What decisions allow to be missing, worked out from the ledgers and the faults that there were, process by process:
 * - a killed process: what it had counted after the last word that Redis is known to have taken;
 * - a roll-back: of a process that left or was killed before it published again, its words since the copy;
 * - FLUSHALL: all begins at zero, so what was counted before, and of what was counted since nothing;
 * - a process frozen or cut off until its tombstone was gone: what it collected before the word with which it learns
 *   of it, and Redis may not have heard.
 */
export class Allowance {
  readonly broken: string[] = [];
  #marks: Marks;
  #storeIndexes = new Map<string, number>();
  #bases = new Map<string, Range>();

  constructor(ledgers: ReadonlyMap<string, Ledger>, marks: Marks) {
    this.#marks = marks;
    const answers = [...ledgers.values()].flatMap((ledger) => ledger.answers);
    for (const { store } of answers.toSorted((a, b) => a.at - b.at)) {
      if (!this.#storeIndexes.has(store)) this.#storeIndexes.set(store, this.#storeIndexes.size);
    }
    const stores = this.#storeIndexes.size;
    if (stores !== marks.flushes.length + 1)
      this.broken.push(`${stores} stores in Redis, but its data was lost ${marks.flushes.length} times`);
  }

  /** What a process had counted when this storeIndex began for it. */
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
    const flush = this.#marks.flushes[storeIndex - 1];
    if (!flush || ledger.bornAt > flush.to) return { least: 0, most: 0 };
    // An answer that came this fast was heard by the publisher, too.
    const heard = ledger.takenBy(flush.from, ({ tookMs }) => tookMs < TIMES.limitMs / 2);
    return { least: heard?.[series] ?? 0, most: ledger.countedBy(flush.to, series) };
  }

  /** It ended before this storeIndex began. */
  isPast(ledger: Ledger, storeIndex: number): boolean {
    return ledger.endedAt < (this.#marks.flushes[storeIndex - 1]?.from ?? 0);
  }

  most(ledger: Ledger, series: SeriesName, storeIndex: number, counted: number): number {
    return Math.max(0, counted - this.base(ledger, series, storeIndex).least);
  }

  least(ledger: Ledger, series: SeriesName, storeIndex: number, counted: number, at: number): number {
    const { most } = this.base(ledger, series, storeIndex);
    return Math.max(0, counted - most - this.#forgotten(ledger, series, storeIndex, at));
  }

  /** What Redis is known to have taken in this storeIndex, and has still. */
  secured(ledger: Ledger, series: SeriesName, storeIndex: number, by: number): number {
    return this.securedWord(ledger, storeIndex, by)?.[series] ?? 0;
  }

  securedWord(ledger: Ledger, storeIndex: number, by: number): Answer | undefined {
    return ledger.takenBy(
      by,
      (answer) => this.#storeIndexes.get(answer.store) === storeIndex && !this.#rolledBack(answer, by),
    );
  }

  /**
   * A process that goes on in a new store begins there with what it had collected at one moment. `undefined` when it was
   * frozen until its tombstone was gone: then it begins anew twice.
   */
  bases(ledger: Ledger, series: SeriesName, storeIndex: number, at: number): number[] | undefined {
    if (this.#forgotten(ledger, series, storeIndex, at) > 0) return undefined;
    const { least, most } = this.base(ledger, series, storeIndex);
    return [0, ...ledger.collected.map((collected) => collected[series])].filter(
      (value) => value >= least && value <= most,
    );
  }

  #rolledBack({ collectedAt, at }: Answer, by: number): boolean {
    return this.#marks.rollBacks.some(
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
      const secured = this.secured(ledger, series, storeIndex, collectedAt);
      // It learns of it by the first answer that comes in time.
      while (i + 1 < answers.length && answers[i]!.tookMs > TIMES.limitMs / 2) i++;
      missing += Math.max(0, answers[i]!.before[series] - secured);
    }
    return missing;
  }
}
