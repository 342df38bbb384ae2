/** G.711 mu-law, written after the recommendation: the service uses a library, and a test must not check a library with itself. */

const BIAS = 132;
const CLIP = 32_635;

export function encodeSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const segment = Math.max(0, Math.floor(Math.log2(magnitude)) - 7);
  const step = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

export function decodeSample(code: number): number {
  const bits = ~code & 0xff;
  const segment = (bits >> 4) & 0x07;
  const magnitude = (((bits & 0x0f) << 3) + BIAS) * 2 ** segment - BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

export const silence = 0xff;
export const bytesPerMs = 8;

/** A WAV file of plain 16-bit samples, for people to listen to. */
export function wavOf(audio: Uint8Array): Uint8Array {
  const samples = Buffer.alloc(2 * audio.length);
  for (const [at, code] of audio.entries()) samples.writeInt16LE(decodeSample(code), 2 * at);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** A substitute for speech: a tone whose volume rises and falls four times a second. */
export function babble(
  ms: number,
  { hertz = 220, level = 8000 }: { hertz?: number; level?: number } = {},
): Uint8Array {
  return Uint8Array.from({ length: ms * bytesPerMs }, (_, at) => {
    const seconds = at / 8000;
    const swell = 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * seconds);
    return encodeSample(Math.round(level * swell * Math.sin(2 * Math.PI * hertz * seconds)));
  });
}

/** Root mean square of the samples, 0 to 32767. */
export function loudness(audio: Uint8Array): number {
  let sum = 0;
  for (const code of audio) sum += decodeSample(code) ** 2;
  return audio.length === 0 ? 0 : Math.sqrt(sum / audio.length);
}
