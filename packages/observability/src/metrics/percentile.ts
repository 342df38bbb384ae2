import type { HistogramReading } from './reading.ts';

/**
 * The value below which the share `q` (0 to 1) of what was observed lies, `NaN` when nothing was. It is taken from the
 * middle of its bucket, so it is off by half a bucket at most: 4.8 % with exponential buckets. Values above the last
 * bound are told as that bound. Add the counts of several histograms up before you ask; percentiles can't be averaged.
 */
export function percentile(
  { bounds, counts }: Pick<HistogramReading, 'bounds' | 'counts'>,
  q: number,
): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a percentile is a share from 0 to 1, not ${q}`);
  const count = counts.reduce((sum, value) => sum + value, 0);
  if (count === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(q * count));
  let below = 0;
  const bucket = counts.findIndex((value) => (below += value) >= rank);
  const upper = bounds[bucket];
  if (upper === undefined) return bounds.at(-1) ?? Number.NaN;
  const lower = bucket === 0 ? 0 : bounds[bucket - 1]!;
  // The value whose relative distance from both ends is the same.
  return lower > 0 ? (2 * lower * upper) / (lower + upper) : upper / 2;
}
