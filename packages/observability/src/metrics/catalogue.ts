import { type Buckets, parseBuckets } from './buckets.ts';

/** One metric. The registry, the reader and the text formats use the same definition. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, shown by the text formats. */
  readonly help: string;
  /** A base unit, such as `seconds` or `bytes`. The metric's name has to end in it. */
  readonly unit?: string;
  /**
   * By label: all its values, or `discovered` for values that only the running code knows, such as route templates. Either way a label
   * has few values: never use a phone number, an id or a URL.
   */
  readonly labels?: Readonly<Record<string, LabelValues>>;
  /** How the values of several processes are combined into one; only for gauges. `sum` by default; `last` takes the latest published. */
  readonly aggregate?: 'sum' | 'max' | 'last';
  /** Leaves a gauge out of readings until it is set, instead of showing zero. */
  readonly optional?: true;
  /** Only for histograms. By default exponential ones from 2^-17 to 2^7: in seconds, from 8 microseconds to 2 minutes. */
  readonly buckets?: Buckets;
  /**
   * Labels of a histogram that `GET /metrics` adds up unless they are requested with `?per=<label>`, because a histogram has a dozen
   * lines for each combination of labels.
   */
  readonly onRequest?: readonly string[];
  /** For a name that dashboards expect, such as `process_cpu_seconds`: text formats add no prefix. */
  readonly standard?: true;
}

/** All values of a label, or `discovered`. */
export type LabelValues = readonly string[] | 'discovered';

/** Metrics by name. */
export type Catalogue = Readonly<Record<string, MetricDefinition>>;

export type MetricType = MetricDefinition['type'];

/** The names of a catalogue's metrics of one type. */
export type NamesOf<C extends Catalogue, T extends MetricType> = {
  [N in keyof C]: C[N]['type'] extends T ? N : T extends C[N]['type'] ? N : never;
}[keyof C] &
  string;

/** The labels of a metric with their types. */
export type LabelsOf<D extends MetricDefinition> = D extends { readonly labels: infer L }
  ? { readonly [K in keyof L]: L[K] extends readonly (infer V extends string)[] ? V : string }
  : Readonly<Record<string, string>>;

/**
 * Series of one metric: each of them costs memory in every process, in Redis and in every reader. `defineCatalogue` refuses label sets
 * that allow more. With discovered values, later series share one whose labels say `overflow`.
 */
export const MAX_SERIES = 2000;
export const OVERFLOW = 'overflow';

const DEFAULT_BUCKETS: Buckets = { powersOfTwo: [-17, 7] };

/** Buckets for the duration of requests, in seconds: the defaults of the Prometheus client libraries. */
export const REQUEST_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Checks a catalogue and returns it with its literal types.
 *
 * @throws TypeError that lists every fault
 */
export function defineCatalogue<const C extends Catalogue>(catalogue: C): C {
  const faults = Object.entries(catalogue).flatMap(([name, definition]) => faultsOf(name, definition));
  faults.push(...ambiguousNames(catalogue));
  if (faults.length > 0) throw new TypeError(`faulty metric catalogue:\n- ${faults.join('\n- ')}`);
  return catalogue;
}

export function bucketsOf(definition: MetricDefinition): Buckets {
  return definition.buckets ?? DEFAULT_BUCKETS;
}

/** Metrics that would have samples of the same name in a text format. */
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
    if (!Object.hasOwn(labels, label)) faults.push(`${name}: onRequest names ${label}, which is not a label`);
  let series = 1;
  for (const [label, values] of Object.entries(labels)) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le')
      faults.push(`${name}: ${label} cannot name a label`);
    if (values === 'discovered') continue;
    series *= values.length;
    if (values.length === 0) faults.push(`${name}: label ${label} has no values`);
    if (new Set(values).size !== values.length) faults.push(`${name}: label ${label} lists a value twice`);
  }
  if (series > MAX_SERIES) faults.push(`${name}: ${series} series, more than ${MAX_SERIES}`);
  return faults;
}
