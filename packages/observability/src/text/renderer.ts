import type { Catalogue } from '../metrics/catalogue.ts';
import type { Collection } from '../metrics/registry.ts';
import { EventLoopYielder } from './event-loop-yielder.ts';
import { type TextFormat, closingOf, valueText } from './format.ts';
import { type Layout, type LayoutOptions, layOutText, lineValues } from './layout.ts';

export interface TextRendererOptions {
  catalogue: Catalogue;
  /** Prefix of all names that are not `standard`, such as `prosaas_`; empty by default. */
  prefix?: string;
  /** `prometheus` by default. */
  format?: TextFormat;
  /** The `onRequest` labels to show; none by default. */
  per?: ReadonlySet<string>;
}

/** Lines in a chunk: a cached string that is rewritten when one of its values has changed. */
const LINES_PER_CHUNK = 64;
/** Chunks in a piece of the output, which is then about 100 kB. */
const CHUNKS_PER_PIECE = 16;

interface Rendered {
  readonly columns: readonly string[];
  readonly layout: Pick<Layout, 'valueIndexes' | 'histograms'>;
  /** The value of each line in its chunk. */
  readonly shown: Float64Array;
  readonly chunks: string[];
  /** Start and length of each line's value within its chunk. */
  readonly valueStarts: Uint32Array;
  readonly valueLengths: Uint8Array;
}

/**
 * Writes series in a text format for a scraper. It caches what stays the same from one scrape to the next: the text around the values, and
 * chunks in which no value has changed. It never holds the event loop for more than a millisecond or two.
 */
export class TextRenderer {
  #options: LayoutOptions;
  #rendered: Rendered | undefined;

  constructor({ prefix = '', format = 'prometheus', ...rest }: TextRendererOptions) {
    this.#options = { ...rest, prefix, format };
  }

  /** The whole text. */
  async render(collection: Collection): Promise<string> {
    let text = '';
    for await (const piece of this.pieces(collection)) text += piece;
    return text;
  }

  /** The text in pieces of about 100 kB, with the values at the time of the call. */
  pieces({ columns, values }: Collection): AsyncGenerator<string, void> {
    return this.#pieces(columns, values.slice());
  }

  async *#pieces(columns: readonly string[], values: Float64Array): AsyncGenerator<string, void> {
    const yielder = new EventLoopYielder();
    const rendered = await this.#layOut(columns, yielder);
    const current = lineValues(rendered.layout, values);
    const { length } = rendered.chunks;
    let piece = '';
    for (let chunk = 0; chunk < length; chunk++) {
      piece += chunkOf(rendered, chunk, current);
      if (chunk % CHUNKS_PER_PIECE === CHUNKS_PER_PIECE - 1) {
        yield piece;
        piece = '';
      }
      if (yielder.isDue) await yielder.yieldNow();
    }
    yield piece + closingOf(this.#options.format, length === 0);
  }

  async #layOut(columns: readonly string[], yielder: EventLoopYielder): Promise<Rendered> {
    if (this.#rendered?.columns === columns) return this.#rendered;
    const { starts, valueIndexes, histograms } = await layOutText(columns, this.#options, yielder);
    const lines = starts.length;
    const chunks: string[] = [];
    const valueStarts = new Uint32Array(lines);
    for (let first = 0; first < lines; first += LINES_PER_CHUNK) {
      if (yielder.isDue) await yielder.yieldNow();
      let length = 0;
      const parts = starts.slice(first, first + LINES_PER_CHUNK);
      parts.forEach((start, i) => (valueStarts[first + i] = length += start.length));
      chunks.push(parts.join(''));
    }
    this.#rendered = {
      columns,
      layout: { valueIndexes, histograms },
      // No value is equal to NaN, so all of them are written the first time.
      shown: new Float64Array(lines).fill(Number.NaN),
      chunks,
      valueStarts,
      valueLengths: new Uint8Array(lines),
    };
    return this.#rendered;
  }
}

/** The text of a chunk, after replacing the values that have changed. */
function chunkOf(
  { shown, chunks, valueStarts, valueLengths }: Rendered,
  chunk: number,
  current: Float64Array,
): string {
  const first = chunk * LINES_PER_CHUNK;
  const end = Math.min(first + LINES_PER_CHUNK, shown.length);
  let line = first;
  while (line < end && shown[line] === current[line]) line++;
  const old = chunks[chunk]!;
  if (line === end) return old;

  let text = '';
  let taken = 0;
  let shift = 0;
  for (; line < end; line++) {
    const start = valueStarts[line]!;
    valueStarts[line] = start + shift;
    const value = current[line]!;
    if (shown[line] === value) continue;
    const written = valueText(value);
    text += old.slice(taken, start);
    text += written;
    taken = start + valueLengths[line]!;
    shift += written.length - valueLengths[line]!;
    valueLengths[line] = written.length;
    shown[line] = value;
  }
  text += old.slice(taken);
  // Flattens the string. Otherwise V8 keeps a rope of all its parts and of the old text.
  text.charCodeAt(0);
  chunks[chunk] = text;
  return text;
}
