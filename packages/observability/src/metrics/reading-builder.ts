import { layoutOf } from './buckets.ts';
import type { Catalogue } from './catalogue.ts';
import type { SeriesTable } from './series-aggregator.ts';
import type { ExactValues, HistogramReading, LabelledValue, MetricsReading } from './reading.ts';
import { type Aggregate, type Slot, parseSlot, slotKey, sumPart } from './slot.ts';

type Values = Pick<MetricsReading, 'counters' | 'gauges' | 'histograms' | 'labels' | 'series' | 'exact'>;

/** A counter or gauge; `at` is its index in the slots. */
interface ScalarPlace {
  readonly at: number;
  readonly slot: Slot;
  readonly hasLabels: boolean;
}

interface HistogramPlace {
  readonly labels: Slot['labels'];
  readonly bounds: readonly number[];
  /** Index of the count of each bucket, then that of the sum; `undefined` for a part that nobody has published yet. */
  readonly parts: (number | undefined)[];
}

/**
 * Groups series by metric. Every metric of the catalogue that is not optional is included, at zero before its first event, and so are
 * metrics that only another version of the system knows. Exact values replace published ones. Whatever depends only on the slots is
 * cached until they change.
 */
export class ReadingBuilder {
  #catalogue: Catalogue;
  #slots: readonly string[] | undefined;
  #counters: ScalarPlace[] = [];
  #gauges: ScalarPlace[] = [];
  #histograms: Record<string, HistogramPlace[]> = {};
  #series:
    | { names: string; added: readonly string[]; slots: readonly string[]; kept: Int32Array }
    | undefined;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  build({ slots, values }: SeriesTable, exact: readonly ExactValues[]): Values {
    if (slots !== this.#slots) this.#locate(slots);
    const counters: Record<string, number> = {};
    const gauges: Record<string, number> = {};
    const histograms: Record<string, HistogramReading[]> = {};
    const labels: Record<string, LabelledValue[]> = {};
    for (const name in this.#catalogue) {
      const { type, optional } = this.#catalogue[name]!;
      if (optional) continue;
      if (type === 'counter') counters[name] = 0;
      else if (type === 'gauge') gauges[name] = 0;
      else histograms[name] = [];
    }
    for (const { at, slot, hasLabels } of this.#counters) {
      counters[slot.name] = (counters[slot.name] ?? 0) + values[at]!;
      if (hasLabels) addLabelled(labels, slot, values[at]!);
    }
    let previousName = '';
    for (const { at, slot, hasLabels } of this.#gauges) {
      const isFirst = slot.name !== previousName;
      const value = values[at]!;
      gauges[slot.name] = isFirst ? value : combine(slot, gauges[slot.name]!, value);
      previousName = slot.name;
      if (hasLabels) addLabelled(labels, slot, value);
    }
    for (const name in this.#histograms) {
      histograms[name] = this.#histograms[name]!.map((histogram) => readHistogram(histogram, values));
    }

    const exactCounters = addUp(exact.map((one) => one.counters ?? {}));
    const exactGauges = addUp(exact.map((one) => one.gauges ?? {}));
    Object.assign(counters, exactCounters);
    Object.assign(gauges, exactGauges);
    const exactLabels = Object.assign({}, ...exact.map((one) => one.labels)) as typeof labels;
    Object.assign(labels, exactLabels);
    const exactSeries = {
      ...seriesOf('c', exactCounters, exactLabels),
      ...seriesOf('g', exactGauges, exactLabels),
    };
    return { counters, gauges, histograms, labels, ...this.#withExact({ slots, values }, exactSeries) };
  }

  #locate(slots: readonly string[]): void {
    this.#slots = slots;
    this.#counters = [];
    this.#gauges = [];
    this.#histograms = {};
    this.#series = undefined;
    const histograms = new Map<string, HistogramPlace>();
    slots.forEach((key, at) => {
      const slot = parseSlot(key);
      if (!slot) return;
      const hasLabels = Object.keys(slot.labels).length > 0;
      if (slot.kind === 'c') this.#counters.push({ at, slot, hasLabels });
      else if (slot.kind === 'g') this.#gauges.push({ at, slot, hasLabels });
      else {
        const identity = JSON.stringify([slot.name, slot.labels, slot.buckets]);
        let histogram = histograms.get(identity);
        if (!histogram) {
          const parts = Array.from({ length: sumPart(slot.buckets) + 1 }, () => undefined);
          histogram = { labels: slot.labels, bounds: [...layoutOf(slot.buckets).bounds], parts };
          histograms.set(identity, histogram);
          (this.#histograms[slot.name] ??= []).push(histogram);
        }
        histogram.parts[slot.part] = at;
      }
    });
    this.#gauges.sort((a, b) =>
      a.slot.name < b.slot.name ? -1 : a.slot.name > b.slot.name ? 1 : a.at - b.at,
    );
  }

  /** All series, with the exact values in place of published series of the same metric. */
  #withExact(
    { slots, values }: SeriesTable,
    exact: Readonly<Record<string, number>>,
  ): Pick<MetricsReading, 'series' | 'exact'> {
    const added = Object.keys(exact);
    const names = added.join('\n');
    if (this.#series?.names !== names) {
      const replaced = new Set(added.map((key) => parseSlot(key)?.name));
      const kept = slots.keys().filter((at) => !replaced.has(parseSlot(slots[at]!)?.name));
      const keptIndexes = Int32Array.from(kept);
      this.#series = {
        names,
        added,
        kept: keptIndexes,
        slots: [...Array.from(keptIndexes, (at) => slots[at]!), ...added],
      };
    }
    const { kept, slots: all } = this.#series;
    const combined = new Float64Array(all.length);
    for (let i = 0; i < kept.length; i++) combined[i] = values[kept[i]!]!;
    combined.set(Object.values(exact), kept.length);
    return {
      series: { slots: all, values: combined },
      exact: { slots: this.#series.added, values: combined.slice(kept.length) },
    };
  }
}

function readHistogram({ labels, bounds, parts }: HistogramPlace, values: Float64Array): HistogramReading {
  const counts = parts.map((at) => (at === undefined ? 0 : values[at]!));
  const sum = counts.pop() ?? 0;
  return { labels, bounds, counts, count: counts.reduce((total, value) => total + value, 0), sum };
}

function combine(slot: Slot, before: number, value: number): number {
  const aggregate: Aggregate = slot.kind === 'g' ? slot.aggregate : 'sum';
  if (aggregate === 'last') return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}

function addLabelled(labels: Record<string, LabelledValue[]>, slot: Slot, value: number): void {
  (labels[slot.name] ??= []).push({ labels: slot.labels, value });
}

/** Values by slot: one for each combination of labels, or one for the total of a metric without labels. */
function seriesOf(
  kind: 'c' | 'g',
  totals: Readonly<Record<string, number>>,
  labels: Readonly<Record<string, readonly LabelledValue[]>>,
): Record<string, number> {
  const series: Record<string, number> = {};
  for (const [name, total] of Object.entries(totals)) {
    for (const { labels: of, value } of labels[name] ?? [{ labels: {}, value: total }]) {
      const slot = { name, labels: of };
      series[slotKey(kind === 'c' ? { kind, ...slot } : { kind, ...slot, aggregate: 'last' })] = value;
    }
  }
  return series;
}

function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
