import { poll } from '@prosaas/devstack';
import { type CallerStream, babble } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { once } from 'node:events';
import { Stage } from './stage.ts';
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());
test('many calls OLD are all greeted, recorded and counted', async () => {
  // The callers end their messages by a key. On a machine that is late they are silent between two words, and that is not what this is about.
  await using patient = await stage.desk({}, { timings: { idleMs: 30_000, silenceMs: 30_000 } });
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
  expect(await stage.totals()).toEqual({ started: 15, completed: 15, errors: 0, rejected: 0, active: 0 });
});

test('an oversized frame OLD', async () => {
  await using desk = await stage.desk({}, { timings: { introductionMs: 700 } });
  await desk.warm();
  for (let i = 0; i < 6; i++) {
    const call = await desk.provider.call({ say: babble(400) });
    const socket = new WebSocket(`${desk.service.url.replace('http', 'ws')}/ws/twilio-media`);
    await once(socket, 'open');
    socket.send('x'.repeat(100_000));
    const [event] = (await once(socket, 'close')) as [CloseEvent];
    expect(event.code).toBe(1009);
    expect((await call.ended).marks).toHaveLength(2);
  }
});
