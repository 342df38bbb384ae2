import { createHash } from 'node:crypto';

/**
 * A blob is what a process publishes: `PSM1`, 4 unused bytes, the schema's hash in 16 characters, then little-endian doubles: sequence
 * number, lease in ms, and the values in the order of the schema's columns.
 */
const MAGIC = 'PSM1';
const HEADER_BYTES = 40;
/** On a little-endian machine the doubles can be copied as they are. */
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The columns of a blob's values. Stored in Redis once, under the hash of its text, and never changed. */
export interface Schema {
  readonly hash: string;
  readonly text: string;
  readonly columns: readonly string[];
}

export interface Blob {
  readonly schema: string;
  readonly seq: number;
  readonly leaseMs: number;
  readonly values: Float64Array;
}

export function schemaOf(columns: readonly string[]): Schema {
  const text = columns.join('\n');
  return { hash: createHash('sha256').update(text).digest('hex').slice(0, 16), text, columns };
}

export function columnsOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

export function encodeBlob({ schema, seq, leaseMs, values }: Blob): Buffer {
  const buffer = Buffer.alloc(HEADER_BYTES + values.byteLength);
  buffer.write(MAGIC, 0, 'latin1');
  buffer.write(schema, 8, 16, 'latin1');
  buffer.writeDoubleLE(seq, 24);
  buffer.writeDoubleLE(leaseMs, 32);
  bytesOf(values).copy(buffer, HEADER_BYTES);
  if (!IS_LITTLE_ENDIAN) buffer.subarray(HEADER_BYTES).swap64();
  return buffer;
}

/** `undefined` for bytes that are not a blob. */
export function decodeBlob(buffer: Buffer): Blob | undefined {
  const bytes = buffer.length - HEADER_BYTES;
  if (bytes < 0 || bytes % 8 !== 0 || buffer.toString('latin1', 0, 4) !== MAGIC) return undefined;
  const values = valuesOf(buffer.subarray(HEADER_BYTES));
  return {
    schema: buffer.toString('latin1', 8, 24),
    seq: buffer.readDoubleLE(24),
    leaseMs: buffer.readDoubleLE(32),
    values,
  };
}

/** A view without a copy where byte order and alignment allow it. */
function valuesOf(bytes: Buffer): Float64Array {
  if (IS_LITTLE_ENDIAN && bytes.byteOffset % 8 === 0)
    return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const values = new Float64Array(bytes.length / 8);
  bytes.copy(bytesOf(values));
  if (!IS_LITTLE_ENDIAN) bytesOf(values).swap64();
  return values;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
