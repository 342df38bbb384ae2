import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallerListener } from './caller-listener.ts';
import type { MediaStream, StreamListener } from './media-stream.ts';

const limits = { idleMs: 8000, silenceMs: 3000, maxMessageMs: 120_000 };
/** A frame of 20 ms. */
const loud = new Uint8Array(160);
let line: { listener: StreamListener; confirmSilence: () => boolean };
let answers: boolean;
let heard: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  answers = true;
  heard = [];
  line = { listener: {}, confirmSilence: () => answers };
});
afterEach(() => vi.useRealTimers());

function listen(): CallerListener {
  const caller = new CallerListener({ stream: line as MediaStream, limits, onSpeech: () => {} });
  caller.onInput = (what) => what === 'voice' || heard.push(what);
  caller.recorder.listen();
  for (let frame = 0; frame < 50; frame++) line.listener.audio?.(loud);
  return caller;
}

test('counts the silence of a line that sends no frames while it is silent', () => {
  using _ = listen();
  vi.advanceTimersByTime(4000);
  expect(heard[0]).toBe('silence');
});

test('does not count a stalled line as silent, and continues the message afterwards', () => {
  using caller = listen();
  answers = false;
  vi.advanceTimersByTime(8000);
  expect(heard).toEqual([]);
  for (let frame = 0; frame < 50; frame++) line.listener.audio?.(loud);
  expect(caller.recorder.durationMs).toBe(2000);
});
