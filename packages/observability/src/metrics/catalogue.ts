import { type Buckets, parseBuckets } from './buckets.ts';

/** One metric, described once: the registry, the reader and the documentation read the same entry. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Base unit, such as `seconds` or `bytes`. */
  readonly unit?: string;
  /**
   * Each label with all the values that it can take, or `discovered` for values that only the running code knows, such as
   * its route templates. A label is a closed set all the same: never a phone number, an id or a URL.
   */
  readonly labels?: Readonly<Record<string, LabelValues>>;
  /** How a gauge's values of several processes become one; `sum` unless said otherwise. */
  readonly aggregate?: 'sum' | 'max' | 'last';
  /** A gauge that may be unknown: while nobody has set it, readings are without it, and not zero. */
  readonly optional?: true;
  /** A histogram's buckets; exponential ones from 8 microseconds to 2 minutes, in seconds, unless said otherwise. */
  readonly buckets?: Buckets;
  /**
   * Labels of a histogram that `GET /metrics` shows on request alone (`?per=<label>`) and adds up otherwise: a histogram has a dozen
   * lines for each combination of its labels.
   */
  readonly onRequest?: readonly string[];
  /** A name that dashboards know, such as `process_cpu_seconds`: nothing is put before it. */
  readonly standard?: true;
}

export type LabelValues = readonly string[] | 'discovered';

export type Catalogue = Readonly<Record<string, MetricDefinition>>;

export type MetricType = MetricDefinition['type'];

/** The names of a catalogue's metrics of one type. */
export type NamesOf<C extends Catalogue, T extends MetricType> = {
  [N in keyof C]: C[N]['type'] extends T ? N : T extends C[N]['type'] ? N : never;
}[keyof C] &
  string;

/** The labels that a metric takes, each with its closed set of values. */
export type LabelsOf<D extends MetricDefinition> = D extends { readonly labels: infer L }
  ? { readonly [K in keyof L]: L[K] extends readonly (infer V extends string)[] ? V : string }
  : Readonly<Record<string, string>>;

/**
 * A metric's cost in every process, in Redis and at every reader grows with its series. A catalogue whose sets allow more
 * is refused; where values are discovered, all that come later share one series whose labels say `overflow`.
 */
export const MAX_SERIES = 2000;
export const OVERFLOW = 'overflow';

const DEFAULT_BUCKETS: Buckets = { powersOfTwo: [-17, 7] };

/** What Prometheus' own clients use for requests, in seconds. */
export const REQUEST_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Checks a catalogue and gives it back with its literal types. Throws one error that lists every fault. */
export function defineCatalogue<const C extends Catalogue>(catalogue: C): C {
  const faults = Object.entries(catalogue).flatMap(([name, definition]) => faultsOf(name, definition));
  faults.push(...ambiguousNames(catalogue));
  if (faults.length > 0) throw new TypeError(`faulty metric catalogue:\n- ${faults.join('\n- ')}`);
  return catalogue;
}

export function bucketsOf(definition: MetricDefinition): Buckets {
  return definition.buckets ?? DEFAULT_BUCKETS;
}

/** Names that two metrics would both have as samples of a text format. */
function ambiguousNames(catalogue: Catalogue): string[] {
  const owners = new Map<string, string>();
  const faults: string[] = [];
  for (const [name, { type }] of Object.entries(catalogue)) {
    const samples =
      type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'counter' ? ['_total'] : [];
    for (const sample of [name, ...samples.map((suffix) => name + suffix)]) {
      const owner = owners.get(sample);
      if (owner !== undefined) faults.push(`${name}: ${sample} belongs to ${owner}`);
      owners.set(sample, name);
    }
  }
  return faults;
}

function faultsOf(name: string, definition: MetricDefinition): string[] {
  const faults: string[] = [];
  const { type, labels = {}, aggregate, optional, buckets, onRequest = [] } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) faults.push(`${name}: a name is lower case letters, digits and _`);
  if (definition.unit !== undefined && !name.endsWith(`_${definition.unit}`))
    faults.push(`${name}: a name ends in its unit, _${definition.unit}`);
  if (aggregate !== undefined && type !== 'gauge') faults.push(`${name}: only a gauge has an aggregate`);
  if (optional && type !== 'gauge') faults.push(`${name}: only a gauge is optional`);
  if (buckets !== undefined) {
    if (type !== 'histogram') faults.push(`${name}: only a histogram has buckets`);
    if (!parseBuckets(buckets)) faults.push(`${name}: buckets must be finite and ascending`);
  }
  if (onRequest.length > 0 && type !== 'histogram')
    faults.push(`${name}: only a histogram has labels on request`);
  for (const label of onRequest)
    if (!Object.hasOwn(labels, label)) faults.push(`${name}: there is no label ${label} to show on request`);
  let series = 1;
  for (const [label, values] of Object.entries(labels)) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le')
      faults.push(`${name}: ${label} can't name a label`);
    if (values === 'discovered') continue;
    series *= values.length;
    if (values.length === 0) faults.push(`${name}: label ${label} has no values`);
    if (new Set(values).size !== values.length) faults.push(`${name}: label ${label} lists a value twice`);
  }
  if (series > MAX_SERIES) faults.push(`${name}: ${series} series, more than ${MAX_SERIES}`);
  return faults;
}
