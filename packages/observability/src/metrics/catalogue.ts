/** One metric, described once: the registry, the reader and the documentation read the same entry. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Base unit, such as `seconds` or `bytes`. */
  readonly unit?: string;
  /** Each label with all the values that it can take. A label is a closed set: never a phone number, an id or a URL. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** How a gauge's values of several processes become one; `sum` unless said otherwise. */
  readonly aggregate?: 'sum' | 'max' | 'last';
  /** Upper bounds of a histogram's buckets, ascending; one for everything above is added. */
  readonly buckets?: readonly number[];
}

export type Catalogue = Readonly<Record<string, MetricDefinition>>;

export type MetricType = MetricDefinition['type'];

/** The names of a catalogue's metrics of one type. */
export type NamesOf<C extends Catalogue, T extends MetricType> = {
  [N in keyof C]: C[N]['type'] extends T ? N : T extends C[N]['type'] ? N : never;
}[keyof C] &
  string;

/** The labels that a metric takes, each with its closed set of values. */
export type LabelsOf<D extends MetricDefinition> = D extends { readonly labels: infer L }
  ? { readonly [K in keyof L]: L[K] extends readonly (infer V extends string)[] ? V : never }
  : Readonly<Record<string, string>>;

/** Above this a metric is a mistake: its cost in every process, in Redis and at every reader grows with its series. */
const MAX_SERIES = 2000;

const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Checks a catalogue and gives it back with its literal types. Throws one error that lists every fault. */
export function defineCatalogue<const C extends Catalogue>(catalogue: C): C {
  const faults = Object.entries(catalogue).flatMap(([name, definition]) => faultsOf(name, definition));
  if (faults.length > 0) throw new TypeError(`faulty metric catalogue:\n- ${faults.join('\n- ')}`);
  return catalogue;
}

export function bucketsOf(definition: MetricDefinition): readonly number[] {
  return definition.buckets ?? DEFAULT_BUCKETS;
}

function faultsOf(name: string, definition: MetricDefinition): string[] {
  const faults: string[] = [];
  const { type, labels = {}, aggregate, buckets } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) faults.push(`${name}: a name is lower case letters, digits and _`);
  if (aggregate !== undefined && type !== 'gauge') faults.push(`${name}: only a gauge has an aggregate`);
  if (buckets !== undefined) {
    if (type !== 'histogram') faults.push(`${name}: only a histogram has buckets`);
    const ascending = buckets.every(
      (bound, i) => Number.isFinite(bound) && (i === 0 || bound > buckets[i - 1]!),
    );
    if (buckets.length === 0 || !ascending) faults.push(`${name}: buckets must be finite and ascending`);
  }
  let series = 1;
  for (const [label, values] of Object.entries(labels)) {
    series *= values.length;
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le')
      faults.push(`${name}: ${label} can't name a label`);
    if (values.length === 0) faults.push(`${name}: label ${label} has no values`);
    if (new Set(values).size !== values.length) faults.push(`${name}: label ${label} lists a value twice`);
  }
  if (series > MAX_SERIES) faults.push(`${name}: ${series} series, more than ${MAX_SERIES}`);
  return faults;
}
