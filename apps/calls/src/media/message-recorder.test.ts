import { babble } from '@prosaas/simulators';
import { expect, test } from 'vitest';
import { type MessageEnd, MessageRecorder } from './message-recorder.ts';

const limits = { idleMs: 5000, silenceMs: 1000, maxMessageMs: 20_000 };
const quiet = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);

/** Pushes frames of 20 ms until the recorder says that it is over. */
function play(...parts: Uint8Array[]): { end: MessageEnd | undefined; recorder: MessageRecorder } {
  const recorder = new MessageRecorder(limits);
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

test('what was pushed is what is kept', () => {
  const speech = babble(700);
  const { recorder } = play(speech);
  expect(recorder.spoke).toBe(true);
  expect(Buffer.from(recorder.audio()).equals(speech)).toBe(true);
});

test('an empty frame is nothing', () => {
  expect(new MessageRecorder(limits).push(new Uint8Array())).toBeUndefined();
});
