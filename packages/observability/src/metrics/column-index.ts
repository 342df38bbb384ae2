/**
 * Finds the position of a column. A Map would take four times the memory for each series (bench/render.bench.ts), and lookups happen
 * only when a handle is bound.
 */
export class ColumnIndex {
  #columnOf: (position: number) => string;
  /** Open addressing: position + 1, or 0 for an empty place. The length is a power of two. */
  #places: Uint32Array = new Uint32Array(64);
  #size = 0;

  constructor(columnOf: (position: number) => string) {
    this.#columnOf = columnOf;
  }

  find(column: string): number | undefined {
    const position = this.#places[this.#placeOf(column)]! - 1;
    return position < 0 ? undefined : position;
  }

  /** Adds a column that is not in the index yet. */
  add(column: string, position: number): void {
    if (++this.#size > this.#places.length * 0.7) this.#grow();
    this.#places[this.#placeOf(column)] = position + 1;
  }

  /** The place of the column, or the empty place for it. */
  #placeOf(column: string): number {
    const last = this.#places.length - 1;
    let place = hash(column) & last;
    for (let entry = this.#places[place]!; entry !== 0; entry = this.#places[place]!) {
      if (this.#columnOf(entry - 1) === column) break;
      place = (place + 1) & last;
    }
    return place;
  }

  #grow(): void {
    const occupied = this.#places.filter((entry) => entry !== 0);
    this.#places = new Uint32Array(this.#places.length * 2);
    for (const entry of occupied) this.#places[this.#placeOf(this.#columnOf(entry - 1))] = entry;
  }
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value ^ (value >>> 15);
}
