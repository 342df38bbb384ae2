import { layoutOf } from '../metrics/buckets.ts';
import { type Catalogue, type MetricDefinition, bucketsOf } from '../metrics/catalogue.ts';
import { type Labels, type ParsedColumn, parseColumn, sumPart } from '../metrics/column.ts';
import type { EventLoopYielder } from './event-loop-yielder.ts';
import { type TextFormat, boundText, escapeLabel, headerOf, sampleName } from './format.ts';

/** The lines of a text without their values: everything that stays the same from one scrape to the next. */
export interface Layout {
  /** The text before the value of each line, with the newline before it. For the first line of a metric, with its HELP and TYPE. */
  readonly starts: readonly string[];
  /** The index of each line's value; `NO_VALUE` for a line that is zero or belongs to a histogram. */
  readonly valueIndexes: Int32Array;
  readonly histograms: readonly HistogramLines[];
}

const NO_VALUE = -1;

/** The lines of one histogram series: one for each of `ends`, then the sum, then the count. */
interface HistogramLines {
  readonly firstLine: number;
  /** Indexes of the bucket counts, in ascending order of bounds. */
  readonly counts: Int32Array;
  /** How many of `counts` each bucket line adds up. */
  readonly ends: Int32Array;
  /** Indexes of the sums. */
  readonly sums: Int32Array;
}

export interface LayoutOptions {
  readonly catalogue: Catalogue;
  /** Put before each name, such as `prosaas_`. */
  readonly prefix: string;
  readonly format: TextFormat;
  /** The `onRequest` labels to show. */
  readonly per?: ReadonlySet<string>;
}

type Type = MetricDefinition['type'];
type HistogramColumn = ParsedColumn & { kind: 'h' };

interface Family {
  readonly type: Type;
  /** Labels as text -> the columns of that series with their indexes. */
  readonly series: Map<string, { parsed: ParsedColumn; at: number }[]>;
}

const METRIC_TYPES: Readonly<Record<ParsedColumn['kind'], Type>> = {
  c: 'counter',
  g: 'gauge',
  h: 'histogram',
};
const VALID_NAME = /^[a-zA-Z_]\w*$/;

/**
 * Every metric of the catalogue without labels that is not optional gets a line, at zero before its first event. Metrics that only another
 * version of the system knows are included, without HELP. A column that contradicts the others is left out, because a scraper would reject
 * the whole text.
 */
export async function layOutText(
  columns: readonly string[],
  { catalogue, prefix, format, per = new Set() }: LayoutOptions,
  yielder: EventLoopYielder,
): Promise<Layout> {
  const families = new Map<string, Family>();
  for (const [name, { type, labels, optional }] of Object.entries(catalogue)) {
    const series = new Map<string, []>();
    if (labels === undefined && type !== 'histogram' && !optional) series.set('', []);
    families.set(name, { type, series });
  }
  for (let at = 0; at < columns.length; at++) {
    if (at % 64 === 0 && yielder.isDue) await yielder.yieldNow();
    const parsed = parseColumn(columns[at]!);
    if (parsed) place(families, parsed, at, hiddenLabels(catalogue[parsed.name], per));
  }

  const lines = new Lines();
  for (const [name, { type, series }] of families) {
    // Another version publishes this metric with labels.
    if (series.size > 1 && series.get('')?.length === 0) series.delete('');
    if (series.size === 0) continue;
    const { help, unit, standard } = catalogue[name] ?? {};
    const header = { name: standard ? name : prefix + name, type, help, unit };
    const sample = sampleName(header);
    lines.begin(headerOf(format, header));
    const shown = type === 'histogram' ? shownBounds(catalogue[name], series) : [];
    let written = 0;
    for (const [labels, places] of series) {
      if (written++ % 64 === 0 && yielder.isDue) await yielder.yieldNow();
      if (type === 'histogram') lines.addHistogram({ format, sample, labels, places, shown });
      else lines.add(start(sample, labels), places[0]?.at ?? NO_VALUE);
    }
  }
  return lines.finish();
}

const NONE: readonly string[] = [];

function hiddenLabels(definition: MetricDefinition | undefined, per: ReadonlySet<string>): readonly string[] {
  return definition?.onRequest?.filter((label) => !per.has(label)) ?? NONE;
}

function place(
  families: Map<string, Family>,
  parsed: ParsedColumn,
  at: number,
  hidden: readonly string[],
): void {
  const type = METRIC_TYPES[parsed.kind];
  let family = families.get(parsed.name);
  if (!family) {
    if (!VALID_NAME.test(parsed.name)) return;
    family = { type, series: new Map() };
    families.set(parsed.name, family);
  }
  if (family.type !== type) return;
  const labels = labelsText(parsed.labels, hidden);
  if (labels === undefined) return;
  const places = family.series.get(labels);
  if (places === undefined) family.series.set(labels, [{ parsed, at }]);
  // Two columns of one gauge differ in their aggregate, which comes from another version. The first one wins.
  else if (parsed.kind === 'h' || places.length === 0) places.push({ parsed, at });
}

/** `a="x",b="y"`, sorted by name as in the column; `undefined` when a name is not valid. */
function labelsText(labels: Labels, hidden: readonly string[]): string | undefined {
  let text = '';
  for (const name in labels) {
    if (hidden.includes(name)) continue;
    if (!VALID_NAME.test(name) || name === 'le') return undefined;
    text += `${text === '' ? '' : ','}${name}="${escapeLabel(labels[name]!)}"`;
  }
  return text;
}

function start(sample: string, labels: string): string {
  return labels === '' ? `${sample} ` : `${sample}{${labels}} `;
}

/** The bounds of the catalogue, or those of the first series when the metric is not in the catalogue. */
function shownBounds(definition: MetricDefinition | undefined, series: Family['series']): readonly number[] {
  if (definition) return layoutOf(bucketsOf(definition)).shown;
  const [first] = series.values();
  return layoutOf((first![0]!.parsed as HistogramColumn).buckets).shown;
}

interface HistogramOptions {
  format: TextFormat;
  sample: string;
  labels: string;
  places: readonly { parsed: ParsedColumn; at: number }[];
  shown: readonly number[];
}

class Lines {
  #starts: string[] = [];
  #valueIndexes: number[] = [];
  #histograms: HistogramLines[] = [];
  #header = '';

  begin(header: string): void {
    this.#header = header;
  }

  add(text: string, valueIndex: number): void {
    this.#starts.push(`${this.#starts.length === 0 ? '' : '\n'}${this.#header}${text}`);
    this.#valueIndexes.push(valueIndex);
    this.#header = '';
  }

  /** A bucket counts towards every shown bound that is not below its own upper bound. Buckets of another layout may count for a higher one. */
  addHistogram({ format, sample, labels, places, shown }: HistogramOptions): void {
    const sums: number[] = [];
    const buckets: { upper: number; at: number }[] = [];
    for (const { parsed, at } of places) {
      const { buckets: layout, part } = parsed as HistogramColumn;
      if (part === sumPart(layout)) sums.push(at);
      else buckets.push({ upper: layoutOf(layout).bounds[part] ?? Infinity, at });
    }
    buckets.sort((a, b) => a.upper - b.upper);
    const bounds = [...shown, Infinity];
    this.#histograms.push({
      firstLine: this.#starts.length,
      counts: Int32Array.from(buckets, ({ at }) => at),
      ends: Int32Array.from(bounds, (bound) => buckets.filter(({ upper }) => upper <= bound).length),
      sums: Int32Array.from(sums),
    });
    const before = labels === '' ? '' : `${labels},`;
    for (const bound of bounds)
      this.add(`${sample}_bucket{${before}le="${boundText(format, bound)}"} `, NO_VALUE);
    this.add(start(`${sample}_sum`, labels), NO_VALUE);
    this.add(start(`${sample}_count`, labels), NO_VALUE);
  }

  finish(): Layout {
    return {
      starts: this.#starts,
      valueIndexes: Int32Array.from(this.#valueIndexes),
      histograms: this.#histograms,
    };
  }
}

/** The value of each line. */
export function lineValues(
  { valueIndexes, histograms }: Pick<Layout, 'valueIndexes' | 'histograms'>,
  values: Float64Array,
): Float64Array {
  const lines = new Float64Array(valueIndexes.length);
  for (let i = 0; i < lines.length; i++) {
    const valueIndex = valueIndexes[i]!;
    if (valueIndex !== NO_VALUE) lines[i] = values[valueIndex]!;
  }
  for (const { firstLine, counts, ends, sums } of histograms) {
    let line = firstLine;
    let total = 0;
    let next = 0;
    for (const end of ends) {
      while (next < end) total += values[counts[next++]!]!;
      lines[line++] = total;
    }
    let sum = 0;
    for (const at of sums) sum += values[at]!;
    lines[line++] = sum;
    lines[line] = total;
  }
  return lines;
}
