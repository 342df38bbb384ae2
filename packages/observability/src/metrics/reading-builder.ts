import { layoutOf } from './buckets.ts';
import type { Catalogue } from './catalogue.ts';
import type { SeriesTable } from './series-aggregator.ts';
import type { ExactValues, HistogramReading, LabelledValue, MetricsReading } from './reading.ts';
import { type Aggregate, type ParsedColumn, parseColumn, formatColumn, sumPart } from './column.ts';

type Values = Pick<MetricsReading, 'counters' | 'gauges' | 'histograms' | 'labels' | 'series' | 'exact'>;

/** A counter or gauge; `at` is its index in the columns. */
interface ScalarPlace {
  readonly at: number;
  readonly parsed: ParsedColumn;
  readonly hasLabels: boolean;
}

interface HistogramPlace {
  readonly labels: ParsedColumn['labels'];
  readonly bounds: readonly number[];
  /** Index of the count of each bucket, then that of the sum; `undefined` for a part that nobody has published yet. */
  readonly parts: (number | undefined)[];
}

/**
 * Groups series by metric. Every metric of the catalogue that is not optional is included, at zero before its first event, and so are
 * metrics that only another version of the system knows. Exact values replace published ones. Whatever depends only on the columns is
 * cached until they change.
 */
export class ReadingBuilder {
  #catalogue: Catalogue;
  #columns: readonly string[] | undefined;
  #counters: ScalarPlace[] = [];
  #gauges: ScalarPlace[] = [];
  #histograms: Record<string, HistogramPlace[]> = {};
  #series:
    | { names: string; added: readonly string[]; columns: readonly string[]; kept: Int32Array }
    | undefined;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  build({ columns, values }: SeriesTable, exact: readonly ExactValues[]): Values {
    if (columns !== this.#columns) this.#locate(columns);
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
    for (const { at, parsed, hasLabels } of this.#counters) {
      counters[parsed.name] = (counters[parsed.name] ?? 0) + values[at]!;
      if (hasLabels) addLabelled(labels, parsed, values[at]!);
    }
    let previousName = '';
    for (const { at, parsed, hasLabels } of this.#gauges) {
      const isFirst = parsed.name !== previousName;
      const value = values[at]!;
      gauges[parsed.name] = isFirst ? value : combine(parsed, gauges[parsed.name]!, value);
      previousName = parsed.name;
      if (hasLabels) addLabelled(labels, parsed, value);
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
    return { counters, gauges, histograms, labels, ...this.#withExact({ columns, values }, exactSeries) };
  }

  #locate(columns: readonly string[]): void {
    this.#columns = columns;
    this.#counters = [];
    this.#gauges = [];
    this.#histograms = {};
    this.#series = undefined;
    const histograms = new Map<string, HistogramPlace>();
    columns.forEach((column, at) => {
      const parsed = parseColumn(column);
      if (!parsed) return;
      const hasLabels = Object.keys(parsed.labels).length > 0;
      if (parsed.kind === 'c') this.#counters.push({ at, parsed, hasLabels });
      else if (parsed.kind === 'g') this.#gauges.push({ at, parsed, hasLabels });
      else {
        const identity = JSON.stringify([parsed.name, parsed.labels, parsed.buckets]);
        let histogram = histograms.get(identity);
        if (!histogram) {
          const parts = Array.from({ length: sumPart(parsed.buckets) + 1 }, () => undefined);
          histogram = { labels: parsed.labels, bounds: [...layoutOf(parsed.buckets).bounds], parts };
          histograms.set(identity, histogram);
          (this.#histograms[parsed.name] ??= []).push(histogram);
        }
        histogram.parts[parsed.part] = at;
      }
    });
    this.#gauges.sort((a, b) =>
      a.parsed.name < b.parsed.name ? -1 : a.parsed.name > b.parsed.name ? 1 : a.at - b.at,
    );
  }

  /** All series, with the exact values in place of published series of the same metric. */
  #withExact(
    { columns, values }: SeriesTable,
    exact: Readonly<Record<string, number>>,
  ): Pick<MetricsReading, 'series' | 'exact'> {
    const added = Object.keys(exact);
    const names = added.join('\n');
    if (this.#series?.names !== names) {
      const replaced = new Set(added.map((column) => parseColumn(column)?.name));
      const kept = columns.keys().filter((at) => !replaced.has(parseColumn(columns[at]!)?.name));
      const keptIndexes = Int32Array.from(kept);
      this.#series = {
        names,
        added,
        kept: keptIndexes,
        columns: [...Array.from(keptIndexes, (at) => columns[at]!), ...added],
      };
    }
    const { kept, columns: all } = this.#series;
    const combined = new Float64Array(all.length);
    for (let i = 0; i < kept.length; i++) combined[i] = values[kept[i]!]!;
    combined.set(Object.values(exact), kept.length);
    return {
      series: { columns: all, values: combined },
      exact: { columns: this.#series.added, values: combined.slice(kept.length) },
    };
  }
}

function readHistogram({ labels, bounds, parts }: HistogramPlace, values: Float64Array): HistogramReading {
  const counts = parts.map((at) => (at === undefined ? 0 : values[at]!));
  const sum = counts.pop() ?? 0;
  return { labels, bounds, counts, count: counts.reduce((total, value) => total + value, 0), sum };
}

function combine(parsed: ParsedColumn, before: number, value: number): number {
  const aggregate: Aggregate = parsed.kind === 'g' ? parsed.aggregate : 'sum';
  if (aggregate === 'last') return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}

function addLabelled(labels: Record<string, LabelledValue[]>, parsed: ParsedColumn, value: number): void {
  (labels[parsed.name] ??= []).push({ labels: parsed.labels, value });
}

/** Values by column: one for each combination of labels, or one for the total of a metric without labels. */
function seriesOf(
  kind: 'c' | 'g',
  totals: Readonly<Record<string, number>>,
  labels: Readonly<Record<string, readonly LabelledValue[]>>,
): Record<string, number> {
  const series: Record<string, number> = {};
  for (const [name, total] of Object.entries(totals)) {
    for (const { labels: of, value } of labels[name] ?? [{ labels: {}, value: total }]) {
      const parsed = { name, labels: of };
      series[formatColumn(kind === 'c' ? { kind, ...parsed } : { kind, ...parsed, aggregate: 'last' })] =
        value;
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
