export const WAV_MEDIA_TYPE = 'audio/wav';

const MU_LAW_FORMAT = 7;
const SAMPLE_RATE = 8000;

/** Wraps mu-law audio of 8 kHz in a WAV file: half the size of PCM, and widely supported. */
export function muLawWav(audio: Uint8Array): Uint8Array {
  const header = Buffer.alloc(58);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(header.length - 8 + audio.length + (audio.length % 2), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(MU_LAW_FORMAT, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.writeUInt16LE(0, 36);
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(audio.length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(audio.length, 54);
  return Buffer.concat([header, audio, Buffer.alloc(audio.length % 2)]);
}
