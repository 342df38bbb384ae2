export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 0 ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}

/** The value that `share` (0 to 1) of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]!;
}

/** The median of several ratios, and the bounds of their middle half. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Compares round by round, so that a noisy moment affects both sides. */
export function ratioOf(numerator: readonly number[], denominator: readonly number[]): Ratio {
  const ratios = numerator.map((value, i) => value / denominator[i]!).toSorted((a, b) => a - b);
  const at = (share: number): number => ratios[Math.round((ratios.length - 1) * share)]!;
  return { median: median(ratios), low: at(0.25), high: at(0.75) };
}
