import {
  type Catalogue,
  type LabelsOf,
  type MetricDefinition,
  type NamesOf,
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
  type Series,
} from './handles.ts';
import { type Labels, slotKey } from './slot.ts';

/** What a registry holds at one moment: `values[i]` is what `slots[i]` names. */
export interface Collection {
  /** Only ever grows at its end, and is a new array when it grew. */
  readonly slots: readonly string[];
  /** Good until the next collection. */
  readonly values: Float64Array;
}

/**
 * The metrics that one process counts. Ask once for a handle, keep it, and count through it:
 * asking again for the same name and labels gives the same handle.
 * Throws on a name that the catalogue does not have, on another type, and on labels outside their sets.
 */
export class MetricsRegistry<C extends Catalogue = Catalogue> {
  readonly catalogue: C;
  #families = new Map<
    string,
    Family & { readonly handles: Map<string, Series>; readonly offsets: number[] }
  >();
  #slots: string[] = [];
  #values: Float64Array = new Float64Array(64);

  constructor(catalogue: C) {
    this.catalogue = catalogue;
  }

  counter<N extends NamesOf<C, 'counter'>>(name: N, labels?: LabelsOf<C[N]>): Counter {
    return this.#bind(name, 'counter', labels, (family) => new CounterSeries(family));
  }

  gauge<N extends NamesOf<C, 'gauge'>>(name: N, labels?: LabelsOf<C[N]>): Gauge {
    return this.#bind(name, 'gauge', labels, (family) => new GaugeSeries(family));
  }

  histogram<N extends NamesOf<C, 'histogram'>>(name: N, labels?: LabelsOf<C[N]>): Histogram {
    return this.#bind(name, 'histogram', labels, (family, definition) => {
      return new HistogramSeries(family, bucketsOf(definition));
    });
  }

  /** The present values; only families that changed since the last time are read. */
  collect(): Collection {
    for (const family of this.#families.values()) {
      if (!family.dirty) continue;
      family.dirty = false;
      family.series.forEach((series, i) => series.write(this.#values, family.offsets[i]!));
    }
    return { slots: this.#slots, values: this.#values.subarray(0, this.#slots.length) };
  }

  #bind<S extends Series>(
    name: string,
    type: MetricDefinition['type'],
    labels: Labels | undefined,
    create: (family: Family, definition: MetricDefinition) => S,
  ): S {
    const definition = Object.hasOwn(this.catalogue, name) ? this.catalogue[name] : undefined;
    if (!definition) throw new TypeError(`${name} is not in the metric catalogue`);
    if (definition.type !== type) throw new TypeError(`${name} is a ${definition.type}, not a ${type}`);
    const given = checkLabels(name, definition, labels ?? {});
    const identity = JSON.stringify(given);

    let family = this.#families.get(name);
    if (!family) {
      family = { name, series: [], dirty: true, handles: new Map(), offsets: [] };
      this.#families.set(name, family);
    }
    const bound = family.handles.get(identity);
    if (bound) return bound as S;
    const series = create(family, definition);
    family.handles.set(identity, series);
    family.series.push(series);
    family.offsets.push(this.#slots.length);
    family.dirty = true;
    this.#slots = [...this.#slots, ...slotKeys(name, definition, given)];
    if (this.#slots.length > this.#values.length) {
      const grown = new Float64Array(2 ** Math.ceil(Math.log2(this.#slots.length)));
      grown.set(this.#values);
      this.#values = grown;
    }
    return series;
  }
}

function checkLabels(name: string, { labels: sets = {} }: MetricDefinition, given: Labels): Labels {
  for (const label of Object.keys(given)) {
    if (!Object.hasOwn(sets, label)) throw new TypeError(`${name} has no label ${label}`);
  }
  return Object.fromEntries(
    Object.entries(sets)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, values]) => {
        const value = given[label];
        if (value === undefined) throw new TypeError(`${name} needs the label ${label}`);
        if (!values.includes(value))
          throw new TypeError(`${name}: ${label}="${value}" is not one of ${values.join(', ')}`);
        return [label, value];
      }),
  );
}

function slotKeys(name: string, definition: MetricDefinition, labels: Labels): string[] {
  switch (definition.type) {
    case 'counter':
      return [slotKey({ kind: 'c', name, labels })];
    case 'gauge':
      return [slotKey({ kind: 'g', name, labels, aggregate: definition.aggregate ?? 'sum' })];
    case 'histogram': {
      const bounds = bucketsOf(definition);
      return Array.from({ length: bounds.length + 2 }, (_, part) =>
        slotKey({ kind: 'h', name, labels, bounds, part }),
      );
    }
  }
}
