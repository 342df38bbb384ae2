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
  #epochs = new Map<string, number>();
  #bases = new Map<string, Range>();

  constructor(ledgers: ReadonlyMap<string, Ledger>, marks: Marks) {
    this.#marks = marks;
    const answers = [...ledgers.values()].flatMap((ledger) => ledger.answers);
    for (const { store } of answers.toSorted((a, b) => a.at - b.at)) {
      if (!this.#epochs.has(store)) this.#epochs.set(store, this.#epochs.size);
    }
    const stores = this.#epochs.size;
    if (stores !== marks.flushes.length + 1)
      this.broken.push(`${stores} stores in Redis, but its data was lost ${marks.flushes.length} times`);
  }

  /** What a process had counted when this epoch began for it. */
  base(ledger: Ledger, series: SeriesName, epoch: number): Range {
    const key = `${ledger.who} ${series} ${epoch}`;
    let base = this.#bases.get(key);
    if (!base) {
      base = this.#findBase(ledger, series, epoch);
      this.#bases.set(key, base);
    }
    return base;
  }

  #findBase(ledger: Ledger, series: SeriesName, epoch: number): Range {
    const flush = this.#marks.flushes[epoch - 1];
    if (!flush || ledger.bornAt > flush.to) return { least: 0, most: 0 };
    // An answer that came this fast was heard by the publisher, too.
    const heard = ledger.takenBy(flush.from, ({ tookMs }) => tookMs < TIMES.limitMs / 2);
    return { least: heard?.[series] ?? 0, most: ledger.countedBy(flush.to, series) };
  }

  /** It ended before this epoch began. */
  isPast(ledger: Ledger, epoch: number): boolean {
    return ledger.endedAt < (this.#marks.flushes[epoch - 1]?.from ?? 0);
  }

  most(ledger: Ledger, series: SeriesName, epoch: number, counted: number): number {
    return Math.max(0, counted - this.base(ledger, series, epoch).least);
  }

  least(ledger: Ledger, series: SeriesName, epoch: number, counted: number, at: number): number {
    const { most } = this.base(ledger, series, epoch);
    return Math.max(0, counted - most - this.#forgotten(ledger, series, epoch, at));
  }

  /** What Redis is known to have taken in this epoch, and has still. */
  secured(ledger: Ledger, series: SeriesName, epoch: number, by: number): number {
    return this.securedWord(ledger, epoch, by)?.[series] ?? 0;
  }

  securedWord(ledger: Ledger, epoch: number, by: number): Answer | undefined {
    return ledger.takenBy(
      by,
      (answer) => this.#epochs.get(answer.store) === epoch && !this.#rolledBack(answer, by),
    );
  }

  /**
   * A process that goes on in a new store begins there with what it had collected at one moment. `undefined` when it was
   * frozen until its tombstone was gone: then it begins anew twice.
   */
  bases(ledger: Ledger, series: SeriesName, epoch: number, at: number): number[] | undefined {
    if (this.#forgotten(ledger, series, epoch, at) > 0) return undefined;
    const { least, most } = this.base(ledger, series, epoch);
    return [0, ...ledger.collected.map((collected) => collected[series])].filter(
      (value) => value >= least && value <= most,
    );
  }

  #rolledBack({ collectedAt, at }: Answer, by: number): boolean {
    return this.#marks.rollBacks.some(
      ({ copiedAt, crashedAt }) => at > copiedAt && collectedAt <= crashedAt && crashedAt <= by,
    );
  }

  #forgotten(ledger: Ledger, series: SeriesName, epoch: number, by: number): number {
    const { answers } = ledger;
    let missing = 0;
    for (let i = 1; i < answers.length && answers[i]!.at <= by; i++) {
      const { store, collectedAt } = answers[i]!;
      const last = answers[i - 1]!;
      if (last.store !== store || this.#epochs.get(store) !== epoch) continue;
      if (collectedAt - last.collectedAt < TIMES.tombstoneMs) continue;
      const secured = this.secured(ledger, series, epoch, collectedAt);
      // It learns of it by the first answer that comes in time.
      while (i + 1 < answers.length && answers[i]!.tookMs > TIMES.limitMs / 2) i++;
      missing += Math.max(0, answers[i]!.before[series] - secured);
    }
    return missing;
  }
}
