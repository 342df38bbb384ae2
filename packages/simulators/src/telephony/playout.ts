/** The provider's playback buffer: plays audio in real time and echoes each mark when it is reached. */
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

  /** The most bytes that ever waited: how far ahead of the playback the service sends. */
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

  /** Drops audio that was not played, and echoes its marks at once, as the provider does. */
  clear(): void {
    const dropped = this.#queue;
    this.#queue = [];
    this.#waiting = 0;
    for (const item of dropped) if (!(item instanceof Uint8Array)) this.#onMark(item.mark);
  }

  /** Plays the next `bytes` bytes. */
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
