import type { Catalogue } from '../metrics/catalogue.ts';
import type { Collection } from '../metrics/registry.ts';
import { Breather } from './breather.ts';
import { type TextFormat, closingOf, valueText } from './format.ts';
import { type Layout, type LayoutOptions, layOutText, lineValues } from './layout.ts';

export interface TextRendererOptions {
  catalogue: Catalogue;
  /** Put before each name, such as `prosaas_`. */
  prefix?: string;
  format?: TextFormat;
  /** Labels that histograms show on request, which are requested. */
  per?: ReadonlySet<string>;
}

/** Lines that are kept as one string, which is made anew when one of their values changed. */
const CHUNK = 64;
/** Chunks in one piece of the text: some 100 kB. */
const PIECE = 16;

interface Rendered {
  readonly slots: readonly string[];
  readonly layout: Pick<Layout, 'sources' | 'histograms'>;
  /** The value that each line shows in its chunk. */
  readonly shown: Float64Array;
  readonly chunks: string[];
  /** Where in its chunk each line's value begins, and how long it is. The lines themselves are kept in the chunks alone. */
  readonly valueStarts: Uint32Array;
  readonly valueLengths: Uint8Array;
}

/**
 * Writes series as text for a scraper. What does not change from one scrape to the next is kept: what stands before each
 * value, and the text of chunks in which nothing changed. It never holds the event loop for more than a millisecond or two.
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

  /** The text in pieces. The values are those of the moment of the call. */
  pieces({ slots, values }: Collection): AsyncGenerator<string, void> {
    return this.#pieces(slots, values.slice());
  }

  async *#pieces(slots: readonly string[], values: Float64Array): AsyncGenerator<string, void> {
    const breather = new Breather();
    const rendered = await this.#layOut(slots, breather);
    const wanted = lineValues(rendered.layout, values);
    const { length } = rendered.chunks;
    let piece = '';
    for (let chunk = 0; chunk < length; chunk++) {
      piece += chunkOf(rendered, chunk, wanted);
      if (chunk % PIECE === PIECE - 1) {
        yield piece;
        piece = '';
      }
      if (breather.isDue) await breather.breathe();
    }
    yield piece + closingOf(this.#options.format, length === 0);
  }

  async #layOut(slots: readonly string[], breather: Breather): Promise<Rendered> {
    if (this.#rendered?.slots === slots) return this.#rendered;
    const { starts, sources, histograms } = await layOutText(slots, this.#options, breather);
    const lines = starts.length;
    const chunks: string[] = [];
    const valueStarts = new Uint32Array(lines);
    for (let first = 0; first < lines; first += CHUNK) {
      if (breather.isDue) await breather.breathe();
      let length = 0;
      const parts = starts.slice(first, first + CHUNK);
      parts.forEach((start, i) => (valueStarts[first + i] = length += start.length));
      chunks.push(parts.join(''));
    }
    this.#rendered = {
      slots,
      layout: { sources, histograms },
      // No value is equal to NaN: all is to be written.
      shown: new Float64Array(lines).fill(Number.NaN),
      chunks,
      valueStarts,
      valueLengths: new Uint8Array(lines),
    };
    return this.#rendered;
  }
}

/** The chunk's text, in which the values that changed are replaced. */
function chunkOf(
  { shown, chunks, valueStarts, valueLengths }: Rendered,
  chunk: number,
  wanted: Float64Array,
): string {
  const first = chunk * CHUNK;
  const end = Math.min(first + CHUNK, shown.length);
  let line = first;
  while (line < end && shown[line] === wanted[line]) line++;
  const old = chunks[chunk]!;
  if (line === end) return old;

  let text = '';
  let taken = 0;
  let shift = 0;
  for (; line < end; line++) {
    const start = valueStarts[line]!;
    valueStarts[line] = start + shift;
    const value = wanted[line]!;
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
  // One flat string: a rope of all its parts, and of the text before, would be kept.
  text.charCodeAt(0);
  chunks[chunk] = text;
  return text;
}
