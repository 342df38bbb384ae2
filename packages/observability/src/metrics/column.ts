import { type Buckets, layoutOf, parseBuckets } from './buckets.ts';
import type { MetricDefinition } from './catalogue.ts';

/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;

/**
 * What one double of a blob means. Its text, which is called the column, holds everything that decides whether two values may be added,
 * so processes of different versions can publish side by side: `c["name",{labels}]`, `g["name",{labels},"sum"]`, `h["name",{labels},buckets,part]`.
 *
 * A histogram has one part for each bucket, the last of which is +Inf, and one more for the sum. A part that was not published is 0.
 */
export type ParsedColumn =
  | { readonly kind: 'c'; readonly name: string; readonly labels: Labels }
  | { readonly kind: 'g'; readonly name: string; readonly labels: Labels; readonly aggregate: Aggregate }
  | {
      readonly kind: 'h';
      readonly name: string;
      readonly labels: Labels;
      readonly buckets: Buckets;
      readonly part: number;
    };

export type Aggregate = NonNullable<MetricDefinition['aggregate']>;

export function formatColumn(parsed: ParsedColumn): string {
  const labels = Object.fromEntries(Object.entries(parsed.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const rest =
    parsed.kind === 'g' ? [parsed.aggregate] : parsed.kind === 'h' ? [parsed.buckets, parsed.part] : [];
  return flat(parsed.kind, JSON.stringify([parsed.name, labels, ...rest]));
}

/** Concatenating with `+` makes a rope, which costs a third more memory for each series as long as its column is kept. */
function flat(...parts: string[]): string {
  return parts.join('');
}

/** The columns of one histogram series, by part. `labels` must be sorted by name. */
export function histogramColumns(name: string, labels: Labels, buckets: Buckets): (part: number) => string {
  const start = `h${JSON.stringify([name, labels, buckets]).slice(0, -1)},`;
  return (part) => flat(start, String(part), ']');
}

/** Whether values outlive their process. Gauges end with it; counters and histograms are kept in the retired totals. */
export function isCumulative(column: string): boolean {
  return !column.startsWith('g');
}

/** `undefined` for a column that is not valid, or that only another version can read. */
export function parseColumn(column: string): ParsedColumn | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(column.slice(1));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [name, labels, third, part] = parts as unknown[];
  if (typeof name !== 'string' || !isLabels(labels)) return undefined;
  switch (column[0]) {
    case 'c':
      return { kind: 'c', name, labels };
    case 'g':
      return third === 'sum' || third === 'max' || third === 'last'
        ? { kind: 'g', name, labels, aggregate: third }
        : undefined;
    case 'h':
      return histogramColumn(name, labels, parseBuckets(third), Number(part));
    default:
      return undefined;
  }
}

function isLabels(value: unknown): value is Labels {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((v) => typeof v === 'string')
  );
}

function histogramColumn(
  name: string,
  labels: Labels,
  buckets: Buckets | undefined,
  part: number,
): ParsedColumn | undefined {
  if (!buckets || !Number.isInteger(part) || part < 0 || part > sumPart(buckets)) return undefined;
  return { kind: 'h', name, labels, buckets, part };
}

/** The part that holds the sum of all values, after the parts of the buckets. */
export function sumPart(buckets: Buckets): number {
  return layoutOf(buckets).bounds.length + 1;
}
