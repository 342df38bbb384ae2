import type { HistogramReading } from './reading.ts';

/**
 * Estimates the value below which the share `q` of all observed values lies (nearest-rank method); `NaN` when nothing was observed. The
 * estimate is the harmonic mean of its bucket's bounds, whose relative error is the same towards both bounds: at most 4.8 % with
 * exponential buckets. For values above the last bound it is that bound. To combine several histograms, add up their counts first:
 * percentiles cannot be averaged.
 *
 * @param q from 0 to 1, such as 0.99
 * @throws RangeError on a `q` outside 0 to 1
 */
export function percentile(
  { bounds, counts }: Pick<HistogramReading, 'bounds' | 'counts'>,
  q: number,
): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`q must be from 0 to 1, not ${q}`);
  const count = counts.reduce((sum, value) => sum + value, 0);
  if (count === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(q * count));
  let below = 0;
  const bucket = counts.findIndex((value) => (below += value) >= rank);
  const upper = bounds[bucket];
  if (upper === undefined) return bounds.at(-1) ?? Number.NaN;
  const lower = bucket === 0 ? 0 : bounds[bucket - 1]!;
  return lower > 0 ? (2 * lower * upper) / (lower + upper) : upper / 2;
}
