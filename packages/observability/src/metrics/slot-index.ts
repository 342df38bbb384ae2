/**
 * Finds a slot by its key. A Map from keys to slots would hold four times the memory for each series (bench/render.bench.ts),
 * and it is asked only when a handle is bound.
 */
export class SlotIndex {
  #keyOf: (slot: number) => string;
  /** Open addressing: a slot and one, or 0 where nothing is. Its length is a power of two. */
  #places: Uint32Array = new Uint32Array(64);
  #size = 0;

  constructor(keyOf: (slot: number) => string) {
    this.#keyOf = keyOf;
  }

  find(key: string): number | undefined {
    const slot = this.#places[this.#placeOf(key)]! - 1;
    return slot < 0 ? undefined : slot;
  }

  /** A key that is not there yet. */
  add(key: string, slot: number): void {
    if (++this.#size > this.#places.length * 0.7) this.#grow();
    this.#places[this.#placeOf(key)] = slot + 1;
  }

  /** Where it is, or is to be. */
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
