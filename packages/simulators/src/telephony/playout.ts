/** The provider's buffer between the service and the caller's ear: plays in real time, echoes marks when they are reached. */
export class Playout {
  #queue: (Uint8Array | { mark: string })[] = [];
  readonly #heard: Uint8Array[] = [];
  readonly #onMark: (name: string) => void;
  #waiting = 0;
  #mostWaiting = 0;

  constructor(onMark: (name: string) => void) {
    this.#onMark = onMark;
  }

  get heard(): Uint8Array {
    return Buffer.concat(this.#heard);
  }

  /** Bytes that wait to be played. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The most that ever waited: how far ahead of the caller's ear the service sends. */
  get mostWaiting(): number {
    return this.#mostWaiting;
  }

  add(audio: Uint8Array): void {
    this.#queue.push(audio);
    this.#waiting += audio.length;
    this.#mostWaiting = Math.max(this.#mostWaiting, this.#waiting);
  }

  mark(name: string): void {
    this.#queue.push({ mark: name });
    this.play(0);
  }

  /** Drops what was not played; its marks are echoed at once, as the provider does. */
  clear(): void {
    const dropped = this.#queue;
    this.#queue = [];
    this.#waiting = 0;
    for (const item of dropped) if (!(item instanceof Uint8Array)) this.#onMark(item.mark);
  }

  /** The caller hears the next so many bytes. */
  play(bytes: number): void {
    let left = bytes;
    for (let item = this.#queue[0]; item; item = this.#queue[0]) {
      if (!(item instanceof Uint8Array)) {
        this.#queue.shift();
        this.#onMark(item.mark);
        continue;
      }
      if (left === 0) return;
      const part = item.subarray(0, left);
      this.#heard.push(part);
      left -= part.length;
      this.#waiting -= part.length;
      if (part.length === item.length) this.#queue.shift();
      else this.#queue[0] = item.subarray(part.length);
    }
  }
}
