/**
 * Which bucket a value falls into. This file buys nanoseconds: the exponent and the first bits of the mantissa, read as
 * an integer, are a table's index; the table says where to begin, and with exponential buckets that is where it ends: no branch is
 * left that depends on the value.
 */

/** Upper bounds of buckets, ascending; or ten buckets for each doubling, between two powers of two. */
export type Buckets = readonly number[] | ExponentialBuckets;

/** `{ powersOfTwo: [-17, 7] }` goes from 2^-17 to 2^7. A percentile read from them is at most 4.8 % off. */
export interface ExponentialBuckets {
  readonly powersOfTwo: readonly [from: number, to: number];
}

/**
 * Where the buckets between 1 and 2 end, in sixteenths above 1. They are the ends of cells, so that the table alone tells
 * the bucket; the wider ones lie where they are the smaller part of their values.
 */
const ENDS_IN_DOUBLING = [1, 2, 3, 4, 6, 8, 10, 12, 14, 16];

export interface BucketLayout {
  /** Upper bounds, ascending; values above the last have a bucket of their own. */
  readonly bounds: Float64Array;
  /** The bounds that a text format shows: one for each doubling is enough there. */
  readonly shown: readonly number[];
  /** The first bucket that a value whose leading bits are `firstCell + i` can fall into; the ends stand for all beyond. */
  readonly starts: Uint16Array;
  readonly firstCell: number;
  /** No cell has a bound inside: the first bucket is the only one. */
  readonly isExact: boolean;
}

/** Of a double's 52 mantissa bits these many, and all of the exponent, choose the cell. */
const MANTISSA_BITS = 4;
const CELL_SHIFT = 20 - MANTISSA_BITS;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** The word with the exponent: the second one, but on a big-endian machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Times this, a double that a cell begins with is the next one below: a cell then holds its upper end, as a bucket does. */
const JUST_BELOW = 1 - 2 ** -53;

/** The bucket of a value that is at least 0 and finite. A bucket holds its upper bound. */
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

/** The smallest value of a cell. */
function floorOf(cell: number): number {
  words[HIGH] = (cell << CELL_SHIFT) >>> 0;
  words[1 - HIGH] = 0;
  return double[0]!;
}

/** A system has a few layouts; the bound is against a stranger who writes ever new ones. */
const MAX_LAYOUTS = 1000;
const layouts = new Map<string, BucketLayout>();

/** The same buckets have the same layout. */
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

/** `undefined` for what can't be buckets; also of what a stranger wrote. */
export function parseBuckets(value: unknown): Buckets | undefined {
  if (Array.isArray(value)) {
    const bounds = value as unknown[];
    const ascending = bounds.every(
      (bound, i) => Number.isFinite(bound) && (i === 0 || (bound as number) > (bounds[i - 1] as number)),
    );
    return bounds.length > 0 && bounds.length <= MAX_BOUNDS && ascending ? (bounds as number[]) : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { powersOfTwo } = value as { powersOfTwo?: unknown };
  if (!Array.isArray(powersOfTwo) || powersOfTwo.length !== 2 || !powersOfTwo.every(Number.isInteger))
    return undefined;
  const [from, to] = powersOfTwo as [number, number];
  const possible = from < to && from >= -100 && to <= 100;
  return possible && (to - from) * ENDS_IN_DOUBLING.length < MAX_BOUNDS
    ? { powersOfTwo: [from, to] }
    : undefined;
}

const MAX_BOUNDS = 1000;
