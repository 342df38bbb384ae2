/**
 * Finds a slot by its key. A Map would take four times the memory for each series (bench/render.bench.ts), and lookups happen only when a
 * handle is bound.
 */
export class SlotIndex {
  #keyOf: (slot: number) => string;
  /** Open addressing: slot + 1, or 0 for an empty place. The length is a power of two. */
  #places: Uint32Array = new Uint32Array(64);
  #size = 0;

  constructor(keyOf: (slot: number) => string) {
    this.#keyOf = keyOf;
  }

  find(key: string): number | undefined {
    const slot = this.#places[this.#placeOf(key)]! - 1;
    return slot < 0 ? undefined : slot;
  }

  /** Adds a key that is not in the index yet. */
  add(key: string, slot: number): void {
    if (++this.#size > this.#places.length * 0.7) this.#grow();
    this.#places[this.#placeOf(key)] = slot + 1;
  }

  /** The place of the key, or the empty place for it. */
  #placeOf(key: string): number {
    const last = this.#places.length - 1;
    let place = hash(key) & last;
    for (let slot = this.#places[place]!; slot !== 0; slot = this.#places[place]!) {
      if (this.#keyOf(slot - 1) === key) break;
      place = (place + 1) & last;
    }
    return place;
  }

  #grow(): void {
    const slots = this.#places.filter((slot) => slot !== 0);
    this.#places = new Uint32Array(this.#places.length * 2);
    for (const slot of slots) this.#places[this.#placeOf(this.#keyOf(slot - 1))] = slot;
  }
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value ^ (value >>> 15);
}
