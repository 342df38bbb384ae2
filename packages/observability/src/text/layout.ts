import { layoutOf } from '../metrics/buckets.ts';
import { type Catalogue, type MetricDefinition, bucketsOf } from '../metrics/catalogue.ts';
import { type Labels, type Slot, parseSlot, sumPart } from '../metrics/slot.ts';
import type { Breather } from './breather.ts';
import { type TextFormat, boundText, escapeLabel, headerOf, sampleName } from './format.ts';

/** The lines of a text, and where each takes its value from: all that stays the same from one text to the next. */
export interface Layout {
  /** What stands before each value, with the end of the line before. The first line of a metric begins with its help and type. */
  readonly starts: readonly string[];
  /** The place among the given values of each line's; `NOWHERE` for one that is zero or of a histogram. */
  readonly sources: Int32Array;
  readonly histograms: readonly HistogramLines[];
}

const NOWHERE = -1;

/** Lines of one series: as many as `ends` for its buckets, then its sum, then its count. */
interface HistogramLines {
  readonly firstLine: number;
  /** Where the counts of its buckets are, from the lowest up. */
  readonly counts: Int32Array;
  /** How many of these each bucket's line adds up. */
  readonly ends: Int32Array;
  readonly sums: Int32Array;
}

export interface LayoutOptions {
  readonly catalogue: Catalogue;
  /** Put before each name, such as `prosaas_`. */
  readonly prefix: string;
  readonly format: TextFormat;
  /** Those of the labels on request that are shown. */
  readonly per?: ReadonlySet<string>;
}

type Type = MetricDefinition['type'];
type HistogramSlot = Slot & { kind: 'h' };

interface Family {
  readonly type: Type;
  /** Labels as text -> the slots of that series. */
  readonly series: Map<string, { slot: Slot; at: number }[]>;
}

const types: Readonly<Record<Slot['kind'], Type>> = { c: 'counter', g: 'gauge', h: 'histogram' };
const sane = /^[a-zA-Z_]\w*$/;

/**
 * Every metric of the catalogue that has no labels and is not optional has its line, at zero before its first event. What only another
 * version knows is there too, without help. A slot that contradicts the rest is left out: a text that a scraper
 * refuses as a whole shows nothing.
 */
export async function layOutText(
  slots: readonly string[],
  { catalogue, prefix, format, per = new Set() }: LayoutOptions,
  breather: Breather,
): Promise<Layout> {
  const families = new Map<string, Family>();
  for (const [name, { type, labels, optional }] of Object.entries(catalogue)) {
    const series = new Map<string, []>();
    if (labels === undefined && type !== 'histogram' && !optional) series.set('', []);
    families.set(name, { type, series });
  }
  for (let at = 0; at < slots.length; at++) {
    if (at % 64 === 0 && breather.isDue) await breather.breathe();
    const slot = parseSlot(slots[at]!);
    if (slot) place(families, slot, at, hiddenLabels(catalogue[slot.name], per));
  }

  const lines = new Lines();
  for (const [name, { type, series }] of families) {
    // Somebody counts it with labels after all.
    if (series.size > 1 && series.get('')?.length === 0) series.delete('');
    if (series.size === 0) continue;
    const { help, unit, standard } = catalogue[name] ?? {};
    const header = { name: standard ? name : prefix + name, type, help, unit };
    const sample = sampleName(header);
    lines.begin(headerOf(format, header));
    const shown = type === 'histogram' ? shownBounds(catalogue[name], series) : [];
    let turn = 0;
    for (const [labels, places] of series) {
      if (turn++ % 64 === 0 && breather.isDue) await breather.breathe();
      if (type === 'histogram') lines.addHistogram({ format, sample, labels, places, shown });
      else lines.add(start(sample, labels), places[0]?.at ?? NOWHERE);
    }
  }
  return lines.finish();
}

const NONE: readonly string[] = [];

function hiddenLabels(definition: MetricDefinition | undefined, per: ReadonlySet<string>): readonly string[] {
  return definition?.onRequest?.filter((label) => !per.has(label)) ?? NONE;
}

function place(families: Map<string, Family>, slot: Slot, at: number, hidden: readonly string[]): void {
  const type = types[slot.kind];
  let family = families.get(slot.name);
  if (!family) {
    if (!sane.test(slot.name)) return;
    family = { type, series: new Map() };
    families.set(slot.name, family);
  }
  if (family.type !== type) return;
  const labels = labelsText(slot.labels, hidden);
  if (labels === undefined) return;
  const places = family.series.get(labels);
  if (places === undefined) family.series.set(labels, [{ slot, at }]);
  // Two slots of one gauge differ in how they add up: another version's. The first one stands.
  else if (slot.kind === 'h' || places.length === 0) places.push({ slot, at });
}

/** `a="x",b="y"` in the slot's order, which is that of the names; `undefined` for one with a name that can't be one. */
function labelsText(labels: Labels, hidden: readonly string[]): string | undefined {
  let text = '';
  for (const name in labels) {
    if (hidden.includes(name)) continue;
    if (!sane.test(name) || name === 'le') return undefined;
    text += `${text === '' ? '' : ','}${name}="${escapeLabel(labels[name]!)}"`;
  }
  return text;
}

function start(sample: string, labels: string): string {
  return labels === '' ? `${sample} ` : `${sample}{${labels}} `;
}

/** Those of the catalogue; of the first series that there is where the catalogue has none. */
function shownBounds(definition: MetricDefinition | undefined, series: Family['series']): readonly number[] {
  if (definition) return layoutOf(bucketsOf(definition)).shown;
  const [first] = series.values();
  return layoutOf((first![0]!.slot as HistogramSlot).buckets).shown;
}

interface HistogramOptions {
  format: TextFormat;
  sample: string;
  labels: string;
  places: readonly { slot: Slot; at: number }[];
  shown: readonly number[];
}

class Lines {
  #starts: string[] = [];
  #sources: number[] = [];
  #histograms: HistogramLines[] = [];
  #header = '';

  begin(header: string): void {
    this.#header = header;
  }

  add(text: string, source: number): void {
    this.#starts.push(`${this.#starts.length === 0 ? '' : '\n'}${this.#header}${text}`);
    this.#sources.push(source);
    this.#header = '';
  }

  /** A bucket counts for each shown bound that it lies below as a whole: buckets of another layout may count later. */
  addHistogram({ format, sample, labels, places, shown }: HistogramOptions): void {
    const sums: number[] = [];
    const buckets: { upper: number; at: number }[] = [];
    for (const { slot, at } of places) {
      const { buckets: layout, part } = slot as HistogramSlot;
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
      this.add(`${sample}_bucket{${before}le="${boundText(format, bound)}"} `, NOWHERE);
    this.add(start(`${sample}_sum`, labels), NOWHERE);
    this.add(start(`${sample}_count`, labels), NOWHERE);
  }

  finish(): Layout {
    return { starts: this.#starts, sources: Int32Array.from(this.#sources), histograms: this.#histograms };
  }
}

/** The value of each line. */
export function lineValues(
  { sources, histograms }: Pick<Layout, 'sources' | 'histograms'>,
  values: Float64Array,
): Float64Array {
  const lines = new Float64Array(sources.length);
  for (let i = 0; i < lines.length; i++) {
    const source = sources[i]!;
    if (source !== NOWHERE) lines[i] = values[source]!;
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
