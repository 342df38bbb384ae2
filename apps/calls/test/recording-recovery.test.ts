import { poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from './stage.ts';

const bytesPerSecond = 8000;
const wavHeader = 58;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('recovers a message whose process is killed, except for its last second', async () => {
  await using first = await stage.process();
  const speech = babble(60_000);
  const call = await first.provider.call({ script: (stream) => stream.say(speech) });
  await poll(() => (call.stream?.saidBytes ?? 0) > 3 * bytesPerSecond, { what: 'three seconds of speech' });
  first.stack.services.calls.kill('SIGKILL');
  const said = call.stream?.saidBytes ?? 0;
  await first.stack.services.calls.exited();
  expect((await stage.call(call.sid))?.recordings).toEqual([]);

  // On a slow machine the call may still be going on.
  await stage.commands.zadd('{prosaas}:calls:slots', Date.now() + 3_600_000, call.sid);
  await using next = await stage.desk(
    {},
    { timings: { recordingRecoveryAfterMs: 300, recordingRecoveryEveryMs: 100 } },
  );
  await next.healthy();
  // It is left alone meanwhile; a later cut-off message is recovered.
  await expect.poll(() => stage.totals()).toMatchObject({ active: 1 });
  await stage.db.query(`update recording_parts set created_at = now() - interval '1 minute'`);
  await stage.db.query(
    `insert into calls (id, business_id, status) values ('CAover', 'default', 'completed')`,
  );
  await stage.db.query(
    `insert into recording_parts (recording_id, part, call_id, audio, created_at)
     values (gen_random_uuid(), 1, 'CAover', '\\xff', now() - interval '30 seconds')`,
  );
  await poll(async () => (await stage.call('CAover'))?.recordings[0], { what: 'the other recording' });
  expect((await stage.call(call.sid))?.recordings).toEqual([]);
  await next.provider.post('/webhook/call_status', { ...call.parameters, CallStatus: 'completed' });
  // The process counts as dead once the lease has expired.
  await poll(() => stage.commands.exists(`{prosaas}:calls:told:${call.sid}`), { what: 'a note of the end' });
  await expect.poll(() => stage.totals()).toMatchObject({ active: 1 });
  await stage.commands.zadd('{prosaas}:calls:slots', 0, call.sid);
  const recording = await poll(async () => (await stage.call(call.sid))?.recordings[0], {
    what: 'the recording',
  });
  expect(await stage.outcomeOf(call.sid)).toMatchObject({ outcome: 'error', reason: 'owner_gone' });
  await expect.poll(() => stage.totals()).toMatchObject({ completed: 0, errors: 1, active: 0 });
  const kept = recording.audio.subarray(wavHeader);
  expect(said - kept.length).toBeLessThan(bytesPerSecond);
  expect(kept.subarray(0, 2 * bytesPerSecond).includes(Buffer.from(speech.subarray(0, bytesPerSecond)))).toBe(
    true,
  );
  expect(recording.duration_ms).toBe(Math.round(kept.length / 8));
  expect(await stage.db.query('select from recording_parts')).toEqual([]);
});

test('a finished message leaves no parts and is complete', async () => {
  await using desk = await stage.desk(
    {},
    { timings: { recordingRecoveryAfterMs: 0, recordingRecoveryEveryMs: 50 } },
  );
  await desk.warm();
  const speech = babble(4000);
  const call = await desk.provider.call({ script: (stream) => stream.say(speech) });
  await call.ended;
  await stage.outcomeOf(call.sid);
  await expect.poll(() => stage.db.query('select from recording_parts')).toEqual([]);
  const { recordings = [] } = (await stage.call(call.sid)) ?? {};
  expect(recordings).toHaveLength(1);
  expect(recordings[0]?.audio.includes(Buffer.from(speech))).toBe(true);
});
