import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ear } from './ear.ts';
import type { MediaStream, StreamListener } from './media-stream.ts';

const limits = { idleMs: 8000, silenceMs: 3000, maxMessageMs: 120_000 };
/** 20 ms each. */
const loud = new Uint8Array(160);
let line: { listener: StreamListener; probeSilence: () => boolean };
let answers: boolean;
let heard: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  answers = true;
  heard = [];
  line = { listener: {}, probeSilence: () => answers };
});
afterEach(() => vi.useRealTimers());

function listen(): Ear {
  const ear = new Ear({ stream: line as MediaStream, limits, onSpeech: () => {} });
  ear.onHeard = (what) => what === 'voice' || heard.push(what);
  ear.recorder.listen();
  for (let frame = 0; frame < 50; frame++) line.listener.audio?.(loud);
  return ear;
}

test('a line that sends nothing while it is silent has its silence counted', () => {
  using _ = listen();
  vi.advanceTimersByTime(4000);
  expect(heard[0]).toBe('silence');
});

test('a line that is stalled is not silent: what comes afterwards belongs to the message', () => {
  using ear = listen();
  answers = false;
  vi.advanceTimersByTime(8000);
  expect(heard).toEqual([]);
  for (let frame = 0; frame < 50; frame++) line.listener.audio?.(loud);
  expect(ear.recorder.durationMs).toBe(2000);
});
