import { expect, test } from 'vitest';
import { babble, decodeSample, encodeSample, loudness, wavOf } from './mulaw.ts';

// Table 2a/G.711: decision values and character signals, here scaled from 14 to 16 bits.
test.each([
  [0, 0xff],
  [-1, 0x7f],
  [32_635, 0x80],
  [32_767, 0x80],
  [-32_768, 0x00],
  [8031 * 4, 0x80],
  [4063 * 4, 0x8f],
  [2015 * 4, 0x9f],
  [991 * 4, 0xaf],
  [479 * 4, 0xbf],
  [223 * 4, 0xcf],
  [95 * 4, 0xdf],
  [31 * 4, 0xef],
])('encodes the sample %i as %i', (sample, code) => {
  expect(encodeSample(sample)).toBe(code);
});

test('every code survives a round trip', () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  // There are two zeros; the positive one is used.
  expect(codes.map((code) => encodeSample(decodeSample(code)))).toEqual(codes.with(0x7f, 0xff));
});

test('babble has the requested length and is loud', () => {
  const audio = babble(500);
  expect(audio.length).toBe(4000);
  expect(loudness(audio)).toBeGreaterThan(2000);
  expect(loudness(new Uint8Array(100).fill(0xff))).toBe(0);
});

test('a WAV file has a header of 44 bytes with format and length, followed by the samples', () => {
  const wav = Buffer.from(wavOf(Uint8Array.of(0xff, 0x00, 0x80)));
  expect(wav.length).toBe(50);
  expect([wav.readUInt16LE(20), wav.readUInt32LE(24), wav.readUInt16LE(34), wav.readUInt32LE(40)]).toEqual([
    1, 8000, 16, 6,
  ]);
  expect([44, 46, 48].map((at) => wav.readInt16LE(at))).toEqual([0, -32_124, 32_124]);
});
