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
  /** Adds a step of either sign. */
  add(step: number): void;
}

export interface Histogram {
  /** Counts a value in its bucket and adds it to the sum. */
  observe(value: number): void;
}

/** All series of one metric in this process. `dirty` when one of them changed since the last collection. */
export interface Family {
  readonly name: string;
  readonly series: Series[];
  dirty: boolean;
}

export interface Series {
  /** How many doubles it fills. */
  readonly width: number;
  write(into: Float64Array, at: number): void;
}

export class CounterSeries implements Counter, Series {
  readonly width = 1;
  #family: Family;
  #value = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  add(step = 1): void {
    if (!(step >= 0 && step < Infinity))
      throw new RangeError(`${this.#family.name}: a counter can't be raised by ${step}`);
    this.#value += step;
    this.#family.dirty = true;
  }

  write(into: Float64Array, at: number): void {
    into[at] = this.#value;
  }
}

export class GaugeSeries implements Gauge, Series {
  readonly width = 1;
  #family: Family;
  #value = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  set(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${this.#family.name}: a gauge can't be ${value}`);
    this.#value = value;
    this.#family.dirty = true;
  }

  add(step: number): void {
    this.set(this.#value + step);
  }

  write(into: Float64Array, at: number): void {
    into[at] = this.#value;
  }
}

export class HistogramSeries implements Histogram, Series {
  readonly width: number;
  #family: Family;
  #bounds: readonly number[];
  #counts: number[];
  #sum = 0;

  constructor(family: Family, bounds: readonly number[]) {
    this.#family = family;
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.width = bounds.length + 2;
  }

  observe(value: number): void {
    if (!(value >= 0 && value < Infinity))
      throw new RangeError(`${this.#family.name}: ${value} can't be observed`);
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
    this.#family.dirty = true;
  }

  write(into: Float64Array, at: number): void {
    into.set(this.#counts, at);
    into[at + this.width - 1] = this.#sum;
  }
}
