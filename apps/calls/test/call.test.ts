import { poll } from '@prosaas/devstack';
import { type CallerStream, type PlacedCall, babble, loudness } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Desk, Stage, shortProfile } from './stage.ts';

let stage: Stage;
let desk: Desk;

beforeAll(async () => {
  stage = await Stage.start();
  desk = await stage.desk();
  await desk.warm();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stage.forgetCalls();
});

async function ended(call: PlacedCall): ReturnType<Stage['outcomeOf']> {
  await call.ended;
  return stage.outcomeOf(call.sid);
}

test('greets a caller, records a message, thanks and hangs up', async () => {
  const call = await desk.provider.call({ from: '+15550111222', say: babble(1500) });
  const report = await call.ended;

  expect(report).toMatchObject({ verdict: 'connected', by: 'service', clears: 0 });
  expect(report.marks).toHaveLength(2);
  const seconds = report.heard.length / 8000;
  expect(seconds).toBeGreaterThan(1);
  expect(seconds).toBeLessThan(10);
  expect(loudness(report.heard)).toBeGreaterThan(300);
  expect(call.stream?.strange).toEqual([]);

  const record = await stage.outcomeOf(call.sid);
  expect(record).toMatchObject({ status: 'completed', outcome: 'completed', from_number: '+15550111222' });
  expect(record.recordings).toHaveLength(1);
  const [recording] = record.recordings;
  expect(recording?.media_type).toBe('audio/wav');
  expect(recording?.duration_ms).toBeGreaterThanOrEqual(1500);
  expect(recording?.audio.toString('latin1', 0, 4)).toBe('RIFF');
  expect(recording?.audio.readUInt16LE(20)).toBe(7);
  expect(loudness(recording?.audio.subarray(58) ?? Buffer.alloc(0))).toBeGreaterThan(1000);
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 1, errors: 0, rejected: 0, active: 0 });
});

test('sends the greeting in real time, never far ahead of what the caller has heard', async () => {
  await using slow = await stage.desk({}, { speed: 1 });
  await slow.warm();
  const call = await slow.provider.call({ script: (stream) => stream.untilMarks(1) });
  await call.stream?.untilMarks(1);
  const heard = call.stream?.heard.length ?? 0;
  expect(heard).toBeGreaterThan(8000);
  expect(call.stream?.mostWaiting).toBeLessThan(heard / 2);
  call.hangUp();
  await ended(call);
});

test('a caller who speaks from the start interrupts the greeting, and every word is recorded', async () => {
  const speech = babble(1500);
  const call = await desk.provider.call({ script: (stream) => stream.say(speech) });
  expect(await call.ended).toMatchObject({ by: 'service', clears: 1, marks: [expect.any(String)] });
  const { recordings } = await ended(call);
  expect(recordings).toHaveLength(1);
  expect(recordings[0]?.audio.includes(Buffer.from(speech))).toBe(true);
});

test('a caller who only says hello over the greeting hears it again, and the hello is recorded', async () => {
  const [hello, message] = [babble(400), babble(900, { hertz: 300 })];
  const call = await desk.provider.call({
    script: async (stream) => {
      await stream.say(hello);
      await stream.untilMarks(1);
      await stream.say(message);
    },
  });
  // The end of the greeting, and the thanks.
  expect(await call.ended).toMatchObject({ clears: 1, marks: { length: 2 } });
  const { recordings } = await ended(call);
  expect(recordings).toHaveLength(1);
  expect(recordings[0]?.audio.includes(Buffer.from(hello))).toBe(true);
  expect(recordings[0]?.audio.includes(Buffer.from(message))).toBe(true);
});

test('handles a line that sends no frames while it is silent like any other', async () => {
  await using quick = await stage.desk({}, { timings: { mediaGapMs: 600 } });
  await quick.warm();
  const silent = await quick.provider.call({ stream: 'discontinuous' });
  const short = await quick.provider.call({
    stream: 'discontinuous',
    script: async (stream) => {
      // The mark of the greeting: a probe may be sent before it ends.
      await poll(() => stream.marks.includes('played-1'), { what: 'the end of the greeting' });
      await stream.say(babble(600));
    },
  });
  // Probes are marks too, and answered as well.
  const said = (marks: readonly string[]): string[] => marks.filter((name) => name.startsWith('played'));
  expect(said((await silent.ended).marks)).toHaveLength(3);
  expect(said((await short.ended).marks)).toHaveLength(2);
  expect(await ended(silent)).toMatchObject({ outcome: 'completed', reason: 'finished', recordings: [] });
  expect((await ended(short)).recordings).toHaveLength(1);
});

test('a key interrupts the greeting, and # ends the message', async () => {
  await using slow = await stage.desk({}, { speed: 1 });
  await slow.warm();
  const call = await slow.provider.call({
    script: async (stream) => {
      await poll(() => stream.heard.length > 1600, { what: 'the first words' });
      stream.press('5');
      await poll(() => stream.clears === 1, { what: 'the greeting to be taken back' });
      await stream.say(babble(600));
      stream.press('#');
    },
  });
  expect((await call.ended).by).toBe('service');
  const { recordings } = await ended(call);
  expect(recordings).toHaveLength(1);
  expect(recordings[0]?.duration_ms).toBeLessThan(3000);
});

test('records what a caller said before hanging up', async () => {
  const call = await desk.provider.call({
    script: async (stream) => {
      await stream.untilMarks(1);
      await stream.say(babble(600));
      stream.stop();
    },
  });
  const { recordings, ...record } = await ended(call);
  expect(record).toMatchObject({ outcome: 'completed', status: 'completed' });
  expect(recordings).toHaveLength(1);
});

test('asks a silent caller once, then hangs up without a recording', async () => {
  const call = await desk.provider.call();
  const report = await call.ended;
  expect(report).toMatchObject({ by: 'service' });
  // The greeting, the idle phrase, the goodbye.
  expect(report.marks).toHaveLength(3);
  expect((await ended(call)).recordings).toEqual([]);
});

test('ends a message at its time limit', async () => {
  await using brisk = await stage.desk({}, { timings: { maxMessageMs: 800 } });
  await brisk.warm();
  const call = await brisk.provider.call({ say: babble(20_000) });
  expect((await call.ended).by).toBe('service');
  const { recordings } = await ended(call);
  expect(recordings[0]?.duration_ms).toBeLessThan(1000);
});

test('says goodbye to a call that takes too long, and keeps the message', async () => {
  await using brisk = await stage.desk({}, { timings: { maxCallMs: 1000 } });
  await brisk.warm();
  const call = await brisk.provider.call({ say: babble(60_000) });
  const report = await call.ended;
  expect(report.marks).toHaveLength(2);
  expect((await ended(call)).recordings).toHaveLength(1);
});

test('a broken connection is an error, and the message is kept', async () => {
  const call = await desk.provider.call({
    script: async (stream) => {
      await stream.untilMarks(1);
      await stream.say(babble(600));
      stream.cut();
    },
    callbacks: 'never',
  });
  const record = await ended(call);
  expect(record).toMatchObject({ outcome: 'error', reason: 'stream_lost' });
  expect(record.recordings).toHaveLength(1);
  await expect.poll(() => stage.totals()).toMatchObject({ started: 1, errors: 1, active: 0 });
});

test('plays a tone instead of a phrase that the voice cannot speak', async () => {
  const phone = { ...shortProfile.phone, greeting: 'שלום' };
  await using hebrew = await stage.desk({}, { profile: { ...shortProfile, phone } });
  await hebrew.healthy();
  const call = await hebrew.provider.call({ say: babble(600) });
  const report = await call.ended;
  expect(loudness(report.heard.subarray(0, 3200))).toBeGreaterThan(1000);
  expect((await ended(call)).recordings).toHaveLength(1);
});

test('greets, records and counts many concurrent calls', async () => {
  // In real time: 15 callers at five times the speed are 3,750 frames a second, and reach their time limits five times as
  // soon, before a busy machine has handled all of them. They end their messages by a key, however slow the machine is.
  const timings = { idleMs: 30_000, silenceMs: 30_000 };
  await using patient = await stage.desk({}, { timings, speed: 1 });
  await patient.warm();
  let seen = false;
  const talk = async (stream: CallerStream): Promise<void> => {
    await stream.untilMarks(1);
    do await stream.say(babble(400));
    while (!seen);
    stream.press('#');
  };
  const calls = await Promise.all(Array.from({ length: 15 }, () => patient.provider.call({ script: talk })));
  await poll(async () => (await patient.get('/health')).body['active_calls'] === 15, {
    timeoutMs: 20_000,
    what: '15 active calls',
  });
  seen = true;
  const reports = await Promise.all(calls.map((call) => call.ended));
  expect(reports.map(({ marks }) => marks.length)).toEqual(Array.from({ length: 15 }, () => 2));
  const records = await Promise.all(calls.map(({ sid }) => stage.outcomeOf(sid)));
  expect(records.map(({ recordings }) => recordings.length)).toEqual(Array.from({ length: 15 }, () => 1));
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 15, completed: 15, errors: 0, rejected: 0, active: 0 });
});
