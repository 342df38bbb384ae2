import { layoutOf } from './buckets.ts';
import type { Catalogue } from './catalogue.ts';
import type { ExactValues, HistogramReading, LabelledValue, Reading } from './reading.ts';
import { type Aggregate, type Slot, isCumulative, parseSlot, sumPart } from './slot.ts';
import type { Snapshot } from './snapshot.ts';

/** What was ever counted, by slot: retired and all members, also those that lapsed and are not folded yet. */
export function cumulativeTotals({ retired, members }: Snapshot): Map<string, number> {
  const totals = new Map([...retired].filter(([, value]) => Number.isFinite(value)));
  for (const { slots, values } of members) {
    slots.forEach((slot, i) => {
      if (isCumulative(slot) && Number.isFinite(values[i]))
        totals.set(slot, (totals.get(slot) ?? 0) + values[i]!);
    });
  }
  return totals;
}

/** Gauges of the members whose lease runs, by slot. */
export function gaugeTotals({ now, members }: Snapshot): Map<string, number> {
  const totals = new Map<string, number>();
  const alive = members.filter(({ leaseEnds }) => leaseEnds > now);
  // The one that published last comes last, for `last`.
  for (const { slots, values } of alive.toSorted((a, b) => a.publishedAt - b.publishedAt)) {
    slots.forEach((key, i) => {
      if (isCumulative(key) || !Number.isFinite(values[i])) return;
      const slot = slotOf(key);
      if (slot?.kind === 'g') totals.set(key, combine(slot.aggregate, totals.get(key), values[i]!));
    });
  }
  return totals;
}

function combine(aggregate: Aggregate, before: number | undefined, value: number): number {
  if (before === undefined || aggregate === 'last') return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}

type Values = Pick<Reading, 'counters' | 'gauges' | 'histograms' | 'labels'>;

/**
 * Arranges slots by metric. Every metric of the catalogue is there, at zero before its first event; those that only
 * another version knows are there too. What Redis knows exactly takes the place of what was counted.
 */
export function arrange(
  catalogue: Catalogue,
  cumulative: ReadonlyMap<string, number>,
  gaugeSlots: ReadonlyMap<string, number>,
  exact: readonly ExactValues[],
): Values {
  const counters: Record<string, number> = {};
  const gauges: Record<string, number> = {};
  const histograms: Record<string, HistogramDraft[]> = {};
  const labels: Record<string, LabelledValue[]> = {};
  for (const [name, { type }] of Object.entries(catalogue)) {
    if (type === 'counter') counters[name] = 0;
    else if (type === 'gauge') gauges[name] = 0;
    else histograms[name] = [];
  }

  for (const [key, value] of cumulative) {
    const slot = slotOf(key);
    if (slot?.kind === 'c') {
      counters[slot.name] = (counters[slot.name] ?? 0) + value;
      if (hasLabels(slot)) (labels[slot.name] ??= []).push({ labels: slot.labels, value });
    } else if (slot?.kind === 'h') {
      draftOf((histograms[slot.name] ??= []), slot).parts[slot.part] = value;
    }
  }
  const seen = new Set<string>();
  for (const [key, value] of gaugeSlots) {
    const slot = slotOf(key);
    if (slot?.kind !== 'g') continue;
    gauges[slot.name] = combine(slot.aggregate, seen.has(slot.name) ? gauges[slot.name] : undefined, value);
    seen.add(slot.name);
    if (hasLabels(slot)) (labels[slot.name] ??= []).push({ labels: slot.labels, value });
  }

  Object.assign(counters, addUp(exact.map((values) => values.counters ?? {})));
  Object.assign(gauges, addUp(exact.map((values) => values.gauges ?? {})));
  for (const values of exact) Object.assign(labels, values.labels);

  return { counters, gauges, histograms: mapValues(histograms, (drafts) => drafts.map(finish)), labels };
}

interface HistogramDraft {
  readonly key: string;
  readonly slot: Slot & { kind: 'h' };
  readonly parts: number[];
}

function draftOf(drafts: HistogramDraft[], slot: Slot & { kind: 'h' }): HistogramDraft {
  const key = JSON.stringify([slot.labels, slot.buckets]);
  let draft = drafts.find((other) => other.key === key);
  if (!draft) {
    draft = { key, slot, parts: Array.from({ length: sumPart(slot.buckets) + 1 }, () => 0) };
    drafts.push(draft);
  }
  return draft;
}

function finish({ slot, parts }: HistogramDraft): HistogramReading {
  const counts = parts.slice(0, -1);
  const count = counts.reduce((sum, value) => sum + value, 0);
  return {
    labels: slot.labels,
    bounds: [...layoutOf(slot.buckets).bounds],
    counts,
    count,
    sum: parts.at(-1) ?? 0,
  };
}

const hasLabels = (slot: Slot): boolean => Object.keys(slot.labels).length > 0;

function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

function mapValues<V, W>(record: Record<string, V>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** A reader sees the same slots every second; the bound is against a stranger who writes ever new ones. */
const MAX_PARSED = 50_000;
const parsed = new Map<string, Slot | undefined>();

function slotOf(key: string): Slot | undefined {
  if (!parsed.has(key)) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(key, parseSlot(key));
  }
  return parsed.get(key);
}
