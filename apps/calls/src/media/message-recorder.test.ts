import { babble } from '@prosaas/simulators';
import { expect, test } from 'vitest';
import { type MessageEnd, MessageRecorder } from './message-recorder.ts';

const limits = { idleMs: 5000, silenceMs: 1000, maxMessageMs: 20_000 };
const quiet = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);

/** Pushes frames of 20 ms until the message ends. */
function play(...parts: Uint8Array[]): { end: MessageEnd | undefined; recorder: MessageRecorder } {
  const recorder = new MessageRecorder(limits);
  recorder.listen();
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 160) {
      const end = recorder.push(part.subarray(at, at + 160));
      if (end) return { end, recorder };
    }
  }
  return { end: undefined, recorder };
}

test.each<[string, Uint8Array[], MessageEnd | undefined, number]>([
  ['nothing but silence', [quiet(10_000)], 'no_speech', 5000],
  ['speech, then silence', [quiet(500), babble(2000), quiet(5000)], 'silence', 3500],
  ['pauses between words', [babble(500), quiet(800), babble(500), quiet(800), babble(500)], undefined, 3100],
  ['endless speech', [babble(60_000)], 'too_long', 20_000],
  ['a click', [quiet(500), babble(40), quiet(10_000)], 'no_speech', 5000],
  ['a hum below speech', [babble(10_000, { level: 150 })], 'no_speech', 5000],
])('%s', (_name, parts, end, ms) => {
  const played = play(...parts);
  expect(played.end).toBe(end);
  expect(Math.abs(played.recorder.durationMs - ms)).toBeLessThanOrEqual(100);
});

test('keeps the pushed audio', () => {
  const speech = babble(700);
  const { recorder } = play(speech);
  expect(recorder.spoke).toBe(true);
  expect(Buffer.from(recorder.audio()).equals(speech)).toBe(true);
  for (const from of [0, 1, 160, 200, 5600])
    expect(Buffer.from(recorder.audio(from)).equals(speech.subarray(from))).toBe(true);
});

test('ignores an empty frame', () => {
  expect(new MessageRecorder(limits).push(new Uint8Array())).toBeUndefined();
});

function hear(recorder: MessageRecorder, audio: Uint8Array): MessageEnd | undefined {
  let end: MessageEnd | undefined;
  for (let at = 0; at < audio.length; at += 160) end ??= recorder.push(audio.subarray(at, at + 160));
  return end;
}

test('while a phrase is played, silence neither ends the message nor is kept, but speech is kept with its lead-in', () => {
  const recorder = new MessageRecorder(limits);
  expect(hear(recorder, quiet(60_000))).toBeUndefined();
  expect(recorder.durationMs).toBeLessThanOrEqual(500);
  const speech = babble(300);
  expect(hear(recorder, speech)).toBeUndefined();
  expect(recorder).toMatchObject({ spoke: true, isSpeaking: true });
  expect(Buffer.from(recorder.audio()).includes(Buffer.concat([quiet(300), speech]))).toBe(true);
  recorder.listen();
  expect(hear(recorder, quiet(2000))).toBe('silence');
});

test('a cough while a phrase is played is no speech, and the caller is still waited for', () => {
  const recorder = new MessageRecorder(limits);
  hear(recorder, babble(140));
  expect(recorder).toMatchObject({ spoke: true, isSpeaking: false });
  hear(recorder, quiet(3000));
  recorder.listen();
  expect(hear(recorder, quiet(4900))).toBeUndefined();
  expect(hear(recorder, quiet(200))).toBe('no_speech');
});

test('counts time without frames as silence', () => {
  const recorder = new MessageRecorder(limits);
  recorder.listen();
  hear(recorder, babble(700));
  expect(recorder.addSilence(900)).toBeUndefined();
  expect(recorder.addSilence(200)).toBe('silence');
  expect(recorder.durationMs).toBe(700);
});
