/**
 * Finds the bucket of a value. This file is optimised for speed: the exponent and the first bits of the mantissa, read as an integer, form
 * a cell number, and a table maps cells to buckets. With exponential buckets the table alone gives the bucket, without a branch that
 * depends on the value. See bench/observe.bench.ts.
 */

/** Upper bounds in ascending order, or exponential buckets. */
export type Buckets = readonly number[] | ExponentialBuckets;

/**
 * Ten buckets for each doubling between two powers of two: `{ powersOfTwo: [-17, 7] }` goes from 2^-17 to 2^7. The exponents are whole
 * numbers from -100 to 100. A percentile that is computed from them is at most 4.8 % off.
 */
export interface ExponentialBuckets {
  readonly powersOfTwo: readonly [from: number, to: number];
}

/**
 * The upper bounds between 1 and 2, in sixteenths above 1. They coincide with cell bounds, so that a cell lies in exactly one bucket. The
 * wider buckets are at the upper end, where they are small in relation to their values.
 */
const ENDS_IN_DOUBLING = [1, 2, 3, 4, 6, 8, 10, 12, 14, 16];

export interface BucketLayout {
  /** Upper bounds in ascending order. Values above the last one have a bucket of their own. */
  readonly bounds: Float64Array;
  /** The bounds for text formats: one for each doubling. */
  readonly shown: readonly number[];
  /** `starts[i]` is the lowest possible bucket of a value in cell `firstCell + i`. The first and last entry also cover all cells beyond. */
  readonly starts: Uint16Array;
  readonly firstCell: number;
  /** Whether no cell is divided by a bound, so that `starts` gives the bucket itself. */
  readonly isExact: boolean;
}

/** A cell is chosen by the exponent and this many of the 52 mantissa bits. */
const MANTISSA_BITS = 4;
const CELL_SHIFT = 20 - MANTISSA_BITS;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Index of the word that holds the exponent: 1 on a little-endian machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Multiplying by this moves the first double of a cell into the cell below, because a bucket includes its upper bound. */
const JUST_BELOW = 1 - 2 ** -53;

/** Index of the bucket of a finite value of at least 0. A bucket includes its upper bound. */
export function bucketOf(layout: BucketLayout, value: number): number {
  double[0] = value * JUST_BELOW;
  const { starts } = layout;
  const cell = (words[HIGH]! >>> CELL_SHIFT) - layout.firstCell;
  const start = starts[cell < 0 ? 0 : cell < starts.length ? cell : starts.length - 1]!;
  return layout.isExact ? start : search(layout, value, start);
}

function search({ bounds }: BucketLayout, value: number, start: number): number {
  let bucket = start;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}

function cellOf(value: number): number {
  double[0] = value;
  return words[HIGH]! >>> CELL_SHIFT;
}

/** The smallest value in a cell. */
function floorOf(cell: number): number {
  words[HIGH] = (cell << CELL_SHIFT) >>> 0;
  words[1 - HIGH] = 0;
  return double[0]!;
}

/** A system has a few layouts. The bound protects against ever new ones in published schemas. */
const MAX_LAYOUTS = 1000;
const layouts = new Map<string, BucketLayout>();

/** Cached: equal buckets give the same object. */
export function layoutOf(buckets: Buckets): BucketLayout {
  const key = JSON.stringify(buckets);
  let layout = layouts.get(key);
  if (!layout) {
    if (layouts.size >= MAX_LAYOUTS) layouts.clear();
    layout = layOut(buckets);
    layouts.set(key, layout);
  }
  return layout;
}

function layOut(buckets: Buckets): BucketLayout {
  const bounds = Float64Array.from(isExponential(buckets) ? exponentialBounds(buckets) : buckets);
  const positive = bounds.filter((bound) => bound > 0);
  const firstCell = Math.max(0, cellOf(positive[0] ?? 1) - 1);
  const cells = cellOf(positive.at(-1) ?? 1) - firstCell + 2;
  const starts = Uint16Array.from({ length: cells }, (_, i) => {
    if (i === 0) return 0;
    const floor = floorOf(firstCell + i);
    const start = bounds.findIndex((bound) => bound > floor);
    return start === -1 ? bounds.length : start;
  });
  const step = isExponential(buckets) ? ENDS_IN_DOUBLING.length : 1;
  const shown = [...bounds].filter((_, i) => i % step === 0);
  return { bounds, shown, starts, firstCell, isExact: isExponential(buckets) };
}

function exponentialBounds({ powersOfTwo: [from, to] }: ExponentialBuckets): number[] {
  const powers = Array.from({ length: to - from }, (_, i) => 2 ** (from + i));
  return [2 ** from, ...powers.flatMap((power) => ENDS_IN_DOUBLING.map((end) => power * (1 + end / 16)))];
}

function isExponential(buckets: Buckets): buckets is ExponentialBuckets {
  return 'powersOfTwo' in buckets;
}

/** Validates buckets from a catalogue or from published schemas; `undefined` when they are not valid. */
export function parseBuckets(value: unknown): Buckets | undefined {
  if (Array.isArray(value)) {
    const bounds = value as unknown[];
    const isAscending = bounds.every(
      (bound, i) => Number.isFinite(bound) && (i === 0 || (bound as number) > (bounds[i - 1] as number)),
    );
    return bounds.length > 0 && bounds.length <= MAX_BOUNDS && isAscending ? (bounds as number[]) : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { powersOfTwo } = value as { powersOfTwo?: unknown };
  if (!Array.isArray(powersOfTwo) || powersOfTwo.length !== 2 || !powersOfTwo.every(Number.isInteger))
    return undefined;
  const [from, to] = powersOfTwo as [number, number];
  const isValid = from < to && from >= -100 && to <= 100;
  return isValid && (to - from) * ENDS_IN_DOUBLING.length < MAX_BOUNDS
    ? { powersOfTwo: [from, to] }
    : undefined;
}

const MAX_BOUNDS = 1000;
