/** `WA`, protocol 6, token dictionary 3. */
export const INTRO: Buffer = Buffer.from([0x57, 0x41, 6, 3]);

/** Prefix of an intro that carries the edge routing of an earlier connection: `ED`, 0, 1, 24-bit length, bytes. */
const ROUTING_INTRO = Buffer.from('ED\u0000\u0001', 'latin1');

/** Cuts a byte stream into frames: an intro once, then frames of a 24-bit big-endian length each. */
export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0);
  #introduced = false;
  /** The routing info the client sent back, if any. */
  routingInfo: Buffer | undefined;

  push(chunk: Uint8Array): Buffer[] {
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, chunk]) : Buffer.from(chunk);
    if (!this.#introduced && !this.#readIntro()) return [];
    const frames: Buffer[] = [];
    while (this.#buffer.length >= 3) {
      const end = 3 + this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < end) break;
      frames.push(this.#buffer.subarray(3, end));
      this.#buffer = this.#buffer.subarray(end);
    }
    return frames;
  }

  #readIntro(): boolean {
    let start = 0;
    if (this.#buffer.subarray(0, 2).equals(ROUTING_INTRO.subarray(0, 2))) {
      if (this.#buffer.length < 7) return false;
      if (!this.#buffer.subarray(0, 4).equals(ROUTING_INTRO)) throw new Error('bad routing intro');
      start = 7 + this.#buffer.readUIntBE(4, 3);
    }
    if (this.#buffer.length < start + INTRO.length) return false;
    if (!this.#buffer.subarray(start, start + INTRO.length).equals(INTRO)) {
      throw new Error('the client did not introduce itself with WA 6 3');
    }
    if (start > 0) this.routingInfo = Buffer.from(this.#buffer.subarray(7, start));
    this.#buffer = this.#buffer.subarray(start + INTRO.length);
    this.#introduced = true;
    return true;
  }
}

export function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(3 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.set(payload, 3);
  return bytes;
}
