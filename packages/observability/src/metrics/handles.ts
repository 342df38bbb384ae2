import { type BucketLayout, bucketOf } from './buckets.ts';

/**
 * This file is optimised for speed: a step is one check, one addition to a plain field, and one flag on the family. Names and labels are
 * resolved once, when the handle is bound. See bench/count.bench.ts.
 */

/** A value that only rises. */
export interface Counter {
  /** Adds a step, 1 by default. Throws a `RangeError` when it is negative or not finite. */
  add(step?: number): void;
}

/** A value that may rise and fall. */
export interface Gauge {
  /** Throws a `RangeError` on a value that is not finite. */
  set(value: number): void;
  /** Adds a step of either sign. Throws a `RangeError` while the gauge is cleared. */
  add(step: number): void;
  /** Marks the value as unknown: readings leave it out until it is set again. */
  clear(): void;
}

/** A distribution of values. */
export interface Histogram {
  /** Counts a value in its bucket and adds it to the sum. Throws a `RangeError` when it is negative or not finite. */
  observe(value: number): void;
}

/** Shared by the series of one metric in this process. `dirty` when one of them has changed since the last collection. */
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
      throw new RangeError(`${this.#family.name}: a counter cannot rise by ${step}`);
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
    if (!Number.isFinite(value)) throw new RangeError(`${this.#family.name}: a gauge cannot be ${value}`);
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
  /** One count for each bucket; the last one is for values above all bounds. */
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
      throw new RangeError(`${this.#family.name}: cannot observe ${value}`);
    this.counts[bucketOf(this.#layout, value)]!++;
    this.#sum += value;
    this.#family.dirty = true;
  }
}
