import { layoutOf } from './buckets.ts';
import {
  type Catalogue,
  type LabelsOf,
  MAX_SERIES,
  type MetricDefinition,
  type NamesOf,
  OVERFLOW,
  bucketsOf,
} from './catalogue.ts';
import {
  type Counter,
  CounterSeries,
  type Family,
  type Gauge,
  GaugeSeries,
  type Histogram,
  HistogramSeries,
} from './handles.ts';
import { type Labels, histogramColumns, formatColumn, sumPart } from './column.ts';
import { ColumnIndex } from './column-index.ts';

/** The values of a registry at one moment: `values[i]` belongs to `columns[i]`. */
export interface Collection {
  /** Grows only at the end; it is a new array after it has grown. */
  readonly columns: readonly string[];
  /** Overwritten by the next collection. */
  readonly values: Float64Array;
}

export interface MetricsRegistryOptions {
  /** Called once for each metric that has reached its 2,000 series. Further series share one whose labels say `overflow`. */
  onOverflow?: (name: string) => void;
}

type Scalar = CounterSeries | GaugeSeries;

interface ScalarFamily extends Family {
  size: number;
}

interface HistogramFamily extends Family {
  readonly series: { histogram: HistogramSeries; columnOf: (part: number) => string; positions: number[] }[];
  /** By the column of the histogram's sum. */
  readonly handles: Map<string, HistogramSeries>;
}

/**
 * The metrics of one process. `counter`, `gauge` and `histogram` bind a handle to a name and labels: bind it once, keep it, and count
 * through it. The same name and labels give the same handle.
 *
 * All three throw a `TypeError` on a name that is not in the catalogue or has another type, and on labels that the catalogue does not
 * allow: missing or unknown ones, values outside their set, and discovered values of more than 200 characters.
 */
export class MetricsRegistry<C extends Catalogue = Catalogue> {
  readonly catalogue: C;
  #onOverflow: (name: string) => void;
  #scalars = new Map<string, ScalarFamily>();
  #scalarsByPosition: (Scalar | undefined)[] = [];
  #scalarIndex = new ColumnIndex(
    (position) => this.#columns[position] ?? this.#newColumns[position - this.#columns.length]!,
  );
  #histograms = new Map<string, HistogramFamily>();
  #overflowed = new Set<string>();
  #columns: readonly string[] = [];
  #newColumns: string[] = [];
  #values: Float64Array = new Float64Array(64);
  #collectors: (() => void)[] = [];

  constructor(catalogue: C, { onOverflow = () => undefined }: MetricsRegistryOptions = {}) {
    this.catalogue = catalogue;
    this.#onOverflow = onOverflow;
  }

  /** Binds a counter. */
  counter<N extends NamesOf<C, 'counter'>>(name: N, labels?: LabelsOf<C[N]>): Counter {
    return this.#scalar(name, 'counter', labels, CounterSeries);
  }

  /** Binds a gauge. */
  gauge<N extends NamesOf<C, 'gauge'>>(name: N, labels?: LabelsOf<C[N]>): Gauge {
    return this.#scalar(name, 'gauge', labels, GaugeSeries) as GaugeSeries;
  }

  /** Binds a histogram. */
  histogram<N extends NamesOf<C, 'histogram'>>(name: N, labels?: LabelsOf<C[N]>): Histogram {
    return this.#histogram(name, labels);
  }

  /** Calls `collector` before each collection, to set gauges that are cheaper to read then than to keep up to date. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Runs the collectors and returns the present values. */
  collect(): Collection {
    for (const collector of this.#collectors) collector();
    for (const family of this.#histograms.values()) {
      if (family.dirty) this.#findNewBuckets(family);
    }
    this.#grow();
    const values = this.#values;
    let isDirty = false;
    for (const family of this.#scalars.values()) {
      isDirty ||= family.dirty;
      family.dirty = false;
    }
    if (isDirty) {
      const scalars = this.#scalarsByPosition;
      for (let position = 0; position < scalars.length; position++) {
        const scalar = scalars[position];
        if (scalar !== undefined) values[position] = scalar.value;
      }
    }
    for (const family of this.#histograms.values()) {
      if (!family.dirty) continue;
      family.dirty = false;
      for (const { histogram, positions } of family.series) {
        const { counts } = histogram;
        for (let part = 0; part < counts.length; part++) {
          if (counts[part] !== 0) values[positions[part]!] = counts[part]!;
        }
        values[positions[counts.length]!] = histogram.sum;
      }
    }
    return { columns: this.#columns, values: values.subarray(0, this.#columns.length) };
  }

  #scalar(
    name: string,
    type: 'counter' | 'gauge',
    labels: Labels | undefined,
    Series: typeof CounterSeries | typeof GaugeSeries,
  ): Scalar {
    const definition = this.#definition(name, type);
    const family = familyOf<ScalarFamily>(this.#scalars, name, { size: 0 });
    const checked = checkLabels(name, definition, labels);
    const column =
      type === 'counter'
        ? formatColumn({ kind: 'c', name, labels: checked })
        : formatColumn({ kind: 'g', name, labels: checked, aggregate: definition.aggregate ?? 'sum' });
    const bound = this.#scalarIndex.find(column);
    if (bound !== undefined) return this.#scalarsByPosition[bound]!;
    if (this.#isFull(name, checked, family.size)) return this.#scalar(name, type, overflow(checked), Series);

    const series = new Series(family);
    family.size += 1;
    const position = this.#addColumn(column);
    this.#scalarIndex.add(column, position);
    while (this.#scalarsByPosition.length < position) this.#scalarsByPosition.push(undefined);
    this.#scalarsByPosition.push(series);
    family.dirty = true;
    return series;
  }

  #histogram(name: string, labels: Labels | undefined): Histogram {
    const definition = this.#definition(name, 'histogram');
    const family = familyOf<HistogramFamily>(this.#histograms, name, { series: [], handles: new Map() });
    const checked = checkLabels(name, definition, labels);
    const buckets = bucketsOf(definition);
    const columnOf = histogramColumns(name, checked, buckets);
    const sum = columnOf(sumPart(buckets));
    const bound = family.handles.get(sum);
    if (bound) return bound;
    if (this.#isFull(name, checked, family.handles.size)) return this.#histogram(name, overflow(checked));

    const series = new HistogramSeries(family, layoutOf(buckets));
    const positions: number[] = [];
    positions[sumPart(buckets)] = this.#addColumn(sum);
    family.handles.set(sum, series);
    family.series.push({ histogram: series, columnOf, positions });
    family.dirty = true;
    return series;
  }

  #definition(name: string, type: MetricDefinition['type']): MetricDefinition {
    const definition = Object.hasOwn(this.catalogue, name) ? this.catalogue[name] : undefined;
    if (!definition) throw new TypeError(`${name} is not in the metric catalogue`);
    if (definition.type !== type) throw new TypeError(`${name} is a ${definition.type}, not a ${type}`);
    return definition;
  }

  /** Keeps the last series of a metric for everything that does not fit. */
  #isFull(name: string, labels: Labels, size: number): boolean {
    if (size < MAX_SERIES - 1 || isOverflow(labels) || !this.#hasDiscovered(name)) return false;
    if (!this.#overflowed.has(name)) {
      this.#overflowed.add(name);
      this.#onOverflow(name);
    }
    return true;
  }

  #hasDiscovered(name: string): boolean {
    return Object.values(this.catalogue[name]?.labels ?? {}).includes('discovered');
  }

  #findNewBuckets({ series }: HistogramFamily): void {
    for (const { histogram, columnOf, positions } of series) {
      const { counts } = histogram;
      for (let part = 0; part < counts.length; part++) {
        if (counts[part] !== 0 && positions[part] === undefined)
          positions[part] = this.#addColumn(columnOf(part));
      }
    }
  }

  #addColumn(column: string): number {
    return this.#columns.length + this.#newColumns.push(column) - 1;
  }

  #grow(): void {
    if (this.#newColumns.length === 0) return;
    this.#columns = this.#columns.concat(this.#newColumns);
    this.#newColumns = [];
    // A copy without the spare capacity that pushing leaves.
    this.#scalarsByPosition = this.#scalarsByPosition.slice();
    if (this.#columns.length > this.#values.length) {
      const grown = new Float64Array(Math.ceil(this.#columns.length * 1.125));
      grown.set(this.#values);
      this.#values = grown;
    }
  }
}

function familyOf<F extends Family>(families: Map<string, F>, name: string, empty: Omit<F, keyof Family>): F {
  let family = families.get(name);
  if (!family) {
    family = { name, dirty: true, ...empty } as F;
    families.set(name, family);
  }
  return family;
}

/** The given labels, sorted by name. */
function checkLabels(name: string, { labels: sets = {} }: MetricDefinition, given: Labels = {}): Labels {
  for (const label of Object.keys(given)) {
    if (!Object.hasOwn(sets, label)) throw new TypeError(`${name} has no label ${label}`);
  }
  const checked: Record<string, string> = {};
  for (const label of Object.keys(sets).toSorted()) {
    const value = given[label];
    const values = sets[label]!;
    if (typeof value !== 'string') throw new TypeError(`${name} needs the label ${label}`);
    if (
      values === 'discovered'
        ? value.length > MAX_VALUE_LENGTH
        : !values.includes(value) && !isOverflow(given)
    )
      throw new TypeError(`${name}: ${label}=${JSON.stringify(value.slice(0, 100))} ${mustBe(values)}`);
    checked[label] = value;
  }
  return checked;
}

/** Route templates are shorter. A longer value was probably taken from a request. */
const MAX_VALUE_LENGTH = 200;

function mustBe(values: readonly string[] | 'discovered'): string {
  return values === 'discovered' ? 'is too long for a label' : `is not one of ${values.join(', ')}`;
}

const overflow = (labels: Labels): Labels =>
  Object.fromEntries(Object.keys(labels).map((label) => [label, OVERFLOW]));

function isOverflow(labels: Labels): boolean {
  const values = Object.values(labels);
  return values.length > 0 && values.every((value) => value === OVERFLOW);
}
