// oxlint-disable-next-line import/default -- CommonJS: Node sees its exports only as the default
import alawmulaw from 'alawmulaw';

/** 16-bit samples to G.711 mu-law, what a telephone carries. */
export function encodeMulaw(samples: Int16Array): Uint8Array {
  return alawmulaw.mulaw.encode(samples);
}

/** G.711 mu-law to 16-bit samples. */
export function decodeMulaw(audio: Uint8Array): Int16Array {
  return alawmulaw.mulaw.decode(audio);
}
