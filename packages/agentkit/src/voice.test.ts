import { expect, test } from 'vitest';
import { decodeMulaw } from './mulaw.ts';
import { VoiceError, createVoice } from './voice.ts';

function loudness(audio: Uint8Array): number {
  const samples = decodeMulaw(audio);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

test('speaks mu-law at 8 kHz with a plausible length and loudness', async () => {
  await using voice = createVoice();
  expect(voice.status()).toEqual({ state: 'cold' });
  await Promise.all([voice.load(), voice.load()]);
  expect(voice.status()).toEqual({ state: 'warm' });
  const audio = await voice.speak('Good morning, this is the front desk, how may I help you?');
  const seconds = audio.length / 8000;
  expect(seconds).toBeGreaterThan(2);
  expect(seconds).toBeLessThan(8);
  expect(loudness(audio)).toBeGreaterThan(500);
});

test('caches the audio of a sentence', async () => {
  await using voice = createVoice();
  const first = await voice.speak('One moment, please.');
  expect(await voice.speak('One  moment, please. ')).toBe(first);
});

test('rejects text in another script, and an aborted request', async () => {
  await using voice = createVoice();
  await expect(voice.speak('שלום וברכה')).rejects.toThrow(VoiceError);
  await expect(voice.speak('ברוכים הבאים אל ProSaaS, פתוח מ-9 עד 17')).rejects.toThrow(VoiceError);
  expect((await voice.speak('Bienvenue à la réception, 24 h sur 24')).length).toBeGreaterThan(8000);
  await expect(voice.speak('never heard', AbortSignal.abort(new Error('hung up')))).rejects.toThrow(
    'hung up',
  );
});

test('rejects pending and later requests when it shuts down', async () => {
  const voice = createVoice();
  await voice.load();
  const spoken = voice.speak('A sentence that nobody will hear.');
  const [outcome] = await Promise.allSettled([spoken, voice[Symbol.asyncDispose]()]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'the voice is shut down' } });
  await expect(voice.speak('Hello?')).rejects.toThrow('shut down');
  expect(voice.status()).toEqual({ state: 'cold' });
});
