import { type CallerStream, type PlacedCall, type RestApi, babble, startRestApi } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Desk, Stage, authToken } from './stage.ts';

let stage: Stage;
let api: RestApi;
let desk: Desk;

beforeAll(async () => {
  stage = await Stage.start();
  api = await startRestApi({ authToken });
  desk = await stage.desk({}, { api, timings: { leaseMs: 1000 } });
  await desk.warm();
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stage.forgetCalls();
});

async function garble(stream: CallerStream): Promise<void> {
  for (let frame = 0; frame < 100; frame++) stream.sendRaw('garbage');
}

const told = ({ sid }: PlacedCall): boolean =>
  stage.lines.some((line) => line.includes(sid) && line.includes('the provider was told to hang up'));

test('hangs up on a caller whose stream never connects', async () => {
  const call = await desk.provider.call({ stream: 'never' });
  expect((await call.ended).by).toBe('provider');
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'no_stream' });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 0, errors: 1, rejected: 0, active: 0 });
});

test('hangs up a call with a malformed stream, also if the provider refuses because it is over', async () => {
  const call = await desk.provider.call({
    script: garble,
    callbacks: 'never',
  });
  await call.ended;
  await expect.poll(() => told(call)).toBe(true);
});

test('does not tell the provider about a call that ended normally or that the provider ended', async () => {
  const good = await desk.provider.call({ say: babble(500) });
  const bad = await desk.provider.call({ stream: 'never' });
  await bad.postStatus('failed');
  await good.ended;
  expect(await stage.outcomeOf(good.sid)).toMatchObject({ outcome: 'completed' });
  expect(await stage.outcomeOf(bad.sid)).toMatchObject({ outcome: 'error', reason: 'provider_failed' });
  expect([told(good), told(bad)]).toEqual([false, false]);
});

test('a provider that does not answer holds up nothing', async () => {
  const nowhere = { ...api, url: 'http://127.0.0.1:1' };
  const cutOff = await stage.desk({}, { api: nowhere });
  await cutOff.healthy();
  // Not ended by the sweep: the other service sweeps too, and its provider answers.
  const call = await cutOff.provider.call({ script: garble, callbacks: 'never' });
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'garbage' });
  await cutOff[Symbol.asyncDispose]();
  expect(stage.lines.join('')).toContain('the provider could not be told to hang up');
  expect(stage.lines.join('')).not.toContain(authToken);
});
