import { type Buckets, layoutOf, parseBuckets } from './buckets.ts';
import type { MetricDefinition } from './catalogue.ts';

/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;

/**
 * The meaning of one double of a blob. Its key holds everything that decides whether two values may be added, so processes of different
 * versions can publish side by side: `c["name",{labels}]`, `g["name",{labels},"sum"]`, `h["name",{labels},buckets,part]`.
 *
 * A histogram has one part for each bucket, the last of which is +Inf, and one more for the sum. A part that was not published is 0.
 */
export type Slot =
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

export function slotKey(slot: Slot): string {
  const labels = Object.fromEntries(Object.entries(slot.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const rest = slot.kind === 'g' ? [slot.aggregate] : slot.kind === 'h' ? [slot.buckets, slot.part] : [];
  return flat(slot.kind, JSON.stringify([slot.name, labels, ...rest]));
}

/** Concatenating with `+` makes a rope, which costs a third more memory for each series as long as its key is kept. */
function flat(...parts: string[]): string {
  return parts.join('');
}

/** The keys of one histogram series, by part. `labels` must be sorted by name. */
export function histogramKeys(name: string, labels: Labels, buckets: Buckets): (part: number) => string {
  const start = `h${JSON.stringify([name, labels, buckets]).slice(0, -1)},`;
  return (part) => flat(start, String(part), ']');
}

/** Whether values outlive their process. Gauges end with it; counters and histograms are added up for good. */
export function isCumulative(key: string): boolean {
  return !key.startsWith('g');
}

/** `undefined` for a key that is not valid, or that only another version can read. */
export function parseSlot(key: string): Slot | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(key.slice(1));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [name, labels, third, part] = parts as unknown[];
  if (typeof name !== 'string' || !isLabels(labels)) return undefined;
  switch (key[0]) {
    case 'c':
      return { kind: 'c', name, labels };
    case 'g':
      return third === 'sum' || third === 'max' || third === 'last'
        ? { kind: 'g', name, labels, aggregate: third }
        : undefined;
    case 'h':
      return histogramSlot(name, labels, parseBuckets(third), Number(part));
    default:
      return undefined;
  }
}

function isLabels(value: unknown): value is Labels {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((v) => typeof v === 'string')
  );
}

function histogramSlot(
  name: string,
  labels: Labels,
  buckets: Buckets | undefined,
  part: number,
): Slot | undefined {
  if (!buckets || !Number.isInteger(part) || part < 0 || part > sumPart(buckets)) return undefined;
  return { kind: 'h', name, labels, buckets, part };
}

/** The part that holds the sum of all values, after the parts of the buckets. */
export function sumPart(buckets: Buckets): number {
  return layoutOf(buckets).bounds.length + 1;
}
