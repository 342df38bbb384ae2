import { poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Desk, Stage } from './stage.ts';

let stage: Stage;
let desk: Desk;

beforeAll(async () => {
  stage = await Stage.start();
  desk = await stage.desk({}, { timings: { leaseMs: 1500, mediaGapMs: 60_000 } });
  await desk.warm();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stage.forgetCalls();
});

test.each(['twice', 'out-of-order', 'late', 'never'] as const)(
  'a call whose callbacks come %s is counted once and ended once',
  async (callbacks) => {
    const call = await desk.provider.call({ say: babble(500), callbacks });
    await call.ended;
    expect(await stage.outcomeOf(call.sid)).toMatchObject({ status: 'completed', outcome: 'completed' });
    await expect
      .poll(() => stage.totals())
      .toEqual({ started: 1, completed: 1, errors: 0, rejected: 0, active: 0 });
  },
);

test('the end of a call releases its slot and ends its stream at once', async () => {
  const call = await desk.provider.call({ script: () => new Promise(() => {}) });
  await expect.poll(() => stage.totals()).toMatchObject({ active: 1 });
  expect((await call.postStatus('completed')).status).toBe(204);
  expect((await call.ended).marks.length).toBeLessThan(2);
  await expect.poll(() => stage.totals()).toMatchObject({ completed: 1, errors: 0, active: 0 });
});

test('a call whose end is reported to another replica ends here too', async () => {
  await using second = await stage.desk();
  await second.healthy();
  const call = await desk.provider.call({ script: () => new Promise(() => {}) });
  await second.provider.post('/webhook/call_status', { ...call.parameters, CallStatus: 'completed' });
  expect((await call.ended).by).toBe('service');
  await expect.poll(() => stage.totals()).toMatchObject({ completed: 1, active: 0 });
});

test('a call that fails before its stream is an error', async () => {
  const call = await desk.provider.call({ stream: 'never' });
  await call.postStatus('failed');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({
    outcome: 'error',
    reason: 'provider_failed',
    status: 'failed',
  });
  await expect.poll(() => stage.totals()).toMatchObject({ started: 1, errors: 1, active: 0 });
});

test('stores a status of an unknown call without counting it', async () => {
  expect(
    (await desk.provider.post('/webhook/call_status', { CallSid: 'CAunknown', CallStatus: 'completed' }))
      .status,
  ).toBe(204);
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 0, completed: 0, errors: 0, rejected: 0, active: 0 });
});

test('a call without a stream is an error although the provider reports it as completed', async () => {
  const call = await desk.provider.call({ stream: 'never' });
  await call.postStatus('completed');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({
    outcome: 'error',
    reason: 'no_stream',
    status: 'completed',
  });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 0, errors: 1, rejected: 0, active: 0 });
});

test('a call whose stream never connects is an error, and its slot is released', async () => {
  const call = await desk.provider.call({ stream: 'never' });
  await expect.poll(() => stage.totals()).toMatchObject({ started: 1, active: 1 });
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'no_stream' });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 0, errors: 1, rejected: 0, active: 0 });
});

test('a stream that the provider cannot open ends the call at once as an error', async () => {
  const call = await desk.provider.call({ streamUrl: 'ws://127.0.0.1:9/nothing' });
  expect((await call.ended).verdict).toBe('hung-up');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'stream_error' });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 0, errors: 1, rejected: 0, active: 0 });
  expect(stage.lines.find((line) => line.includes('error of a media stream'))).toContain('ECONNREFUSED');
});

test('an error of a connected stream ends no call, but its stop does, at whatever replica it is reported', async () => {
  await using second = await stage.desk();
  await second.healthy();
  const call = await desk.provider.call({ script: () => new Promise(() => {}), callbacks: 'never' });
  await call.postStreamEvent('stream-started');
  await call.postStreamEvent('stream-error', { StreamError: 'a message that made no sense' });
  await call.stream?.untilMarks(1);
  await expect.poll(() => stage.totals()).toMatchObject({ active: 1 });
  const url = '/webhook/stream_status';
  const stopped = { CallSid: call.sid, StreamEvent: 'stream-stopped' };
  expect((await second.provider.post(url, stopped)).status).toBe(204);
  expect((await call.ended).by).toBe('service');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({
    outcome: 'completed',
    reason: 'provider_stream_stopped',
  });
});

test('a call of which only the stop of its stream was reported had no stream', async () => {
  const call = await desk.provider.call({ stream: 'never', callbacks: 'never' });
  await call.postStreamEvent('stream-stopped');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'no_stream' });
});

test('the slot of a call with an unnoticed hang-up is released, and it is one error', async () => {
  const call = await desk.provider.call({
    hangUp: 'missed',
    callbacks: 'never',
    script: (stream) => stream.untilMarks(1),
  });
  await call.stream?.untilMarks(1);
  call.hangUp();
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'lease_expired' });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 0, errors: 1, rejected: 0, active: 0 });
  await call.abandon();
});

test('live media holds the slot for longer than its lease', async () => {
  const call = await desk.provider.call({ say: babble(14_000) });
  await poll(async () => (await stage.commands.exists(`{prosaas}:calls:ended:${call.sid}`)) === 1, {
    what: 'the end of the call',
    timeoutMs: 20_000,
  });
  await expect.poll(() => stage.totals()).toMatchObject({ completed: 1, errors: 0 });
});
