import { type BucketLayout, bucketOf } from './buckets.ts';

/**
 * The handles that the counted code holds. This file buys nanoseconds: a step is a check, an addition to a plain
 * field, and a flag on the family; names and labels were resolved once, when the handle was bound.
 */
export interface Counter {
  /** Adds a step, 1 unless given. Throws a `RangeError` on one that is negative or not finite. */
  add(step?: number): void;
}

export interface Gauge {
  set(value: number): void;
  /** Adds a step of either sign. Throws a `RangeError` while it is cleared. */
  add(step: number): void;
  /** It is not known: readings are without it until it is set again. */
  clear(): void;
}

export interface Histogram {
  /** Counts a value in its bucket and adds it to the sum. Throws a `RangeError` on one that is negative or not finite. */
  observe(value: number): void;
}

/** What the series of one metric share in this process. `dirty` when one of them changed since the last collection. */
export interface Family {
  readonly name: string;
  dirty: boolean;
}

export class CounterSeries implements Counter {
  #family: Family;
  #value = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  get value(): number {
    return this.#value;
  }

  add(step = 1): void {
    if (!(step >= 0 && step < Infinity))
      throw new RangeError(`${this.#family.name}: a counter can't be raised by ${step}`);
    this.#value += step;
    this.#family.dirty = true;
  }
}

export class GaugeSeries implements Gauge {
  #family: Family;
  #value = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${this.#family.name}: a gauge can't be ${value}`);
    this.#value = value;
    this.#family.dirty = true;
  }

  add(step: number): void {
    this.set(this.#value + step);
  }

  clear(): void {
    this.#value = Number.NaN;
    this.#family.dirty = true;
  }
}

export class HistogramSeries implements Histogram {
  /** One for each bucket, the last for values above all bounds. */
  readonly counts: Float64Array;
  #family: Family;
  #layout: BucketLayout;
  #sum = 0;

  constructor(family: Family, layout: BucketLayout) {
    this.#family = family;
    this.#layout = layout;
    this.counts = new Float64Array(layout.bounds.length + 1);
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    if (!(value >= 0 && value < Infinity))
      throw new RangeError(`${this.#family.name}: ${value} can't be observed`);
    this.counts[bucketOf(this.#layout, value)]!++;
    this.#sum += value;
    this.#family.dirty = true;
  }
}
