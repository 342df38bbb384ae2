const textOpcode = 1;
const finalBit = 0x80;

/** A masked client frame with a zero mask, so that the payload is unchanged. */
export function frame(payload: Uint8Array, { opcode = textOpcode, final = true } = {}): Buffer {
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 2 : 4);
  head.writeUInt8(opcode | (final ? finalBit : 0), 0);
  head.writeUInt8(0x80 | (short ? payload.length : 126), 1);
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** A message that never ends: `count` fragments of one byte each. */
export function unfinishedMessage(count: number): Buffer {
  const letter = Buffer.from('x');
  const first = frame(letter, { final: false });
  const next = frame(letter, { opcode: 0, final: false });
  return Buffer.concat([first, ...Array.from({ length: count - 1 }, () => next)]);
}
