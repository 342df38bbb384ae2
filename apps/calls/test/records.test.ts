import { assignNumber } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function businessesOf(callSid: string): Promise<unknown[]> {
  const sql = `select business_id from calls where id = $1
     union all select business_id from recordings where call_id = $1`;
  const rows = await stage.db.query<{ business_id: string }>(sql, [callSid]);
  return rows.map((row) => row.business_id);
}

test('a call and its recording belong to the business of the called number, or else to the default one', async () => {
  await stage.db.query(`insert into businesses (id, name) values ('bakery', 'Bakery')`);
  await assignNumber(stage.db, { number: '+15550177000', businessId: 'bakery' });
  await using desk = await stage.desk();
  await desk.warm();
  const calls = await Promise.all(
    ['+15550177000', '+15550188000', 'sip:desk@example.com'].map((to) =>
      desk.provider.call({ to, say: babble(600), callbacks: 'out-of-order' }),
    ),
  );
  for (const { sid } of calls) expect((await stage.outcomeOf(sid)).recordings).toHaveLength(1);
  expect(await Promise.all(calls.map(({ sid }) => businessesOf(sid)))).toEqual([
    ['bakery', 'bakery'],
    ['default', 'default'],
    ['default', 'default'],
  ]);
});

test('a call has a timeline from the webhook to the reason of its end', async () => {
  await using desk = await stage.desk();
  await desk.warm();
  const call = await desk.provider.call({ say: babble(600) });
  await call.ended;
  const read = async (): Promise<string[]> => {
    const [row] = await stage.db.query<{ timeline: { at: string; event: string; detail: string | null }[] }>(
      'select timeline from calls where id = $1',
      [call.sid],
    );
    const times = (row?.timeline ?? []).map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    return (row?.timeline ?? []).map(({ event, detail }) => (detail === null ? event : `${event} ${detail}`));
  };
  await expect
    .poll(read, { timeout: 15_000 })
    .toEqual(expect.arrayContaining(['ended finished', 'status completed']));
  const steps = await read();
  expect(steps.filter((step) => !step.startsWith('status '))).toEqual([
    'webhook',
    'accepted',
    'stream',
    'greeting',
    'speech',
    'message silence',
    'thanks',
    'ended finished',
  ]);
});

test('a status before the offer does not decide the business of a call', async () => {
  await using desk = await stage.desk();
  await desk.healthy();
  const parameters = { CallSid: 'CAlate', From: '+15550111222', To: '+15550177000' };
  await desk.provider.post('/webhook/call_status', { ...parameters, CallStatus: 'ringing' });
  await poll(async () => (await businessesOf('CAlate')).length === 1, { what: 'the record' });
  await desk.provider.post('/webhook/incoming_call', parameters);
  await expect.poll(() => businessesOf('CAlate')).toEqual(['bakery']);
});

test('closes calls that are open only in the database, as they ended, and leaves live ones alone', async () => {
  await using desk = await stage.desk({}, { timings: { callRecoveryEveryMs: 50, maxCallMs: 60_000 } });
  await desk.warm();
  const end = async (CallSid: string, CallStatus: string): Promise<void> => {
    await desk.provider.post('/webhook/incoming_call', { CallSid });
    if (CallStatus !== '') await desk.provider.post('/webhook/call_status', { CallSid, CallStatus });
  };
  const done = await desk.provider.call({
    callSid: 'CAdone',
    script: async (stream) => {
      await stream.untilMarks(1);
      stream.stop();
    },
    callbacks: 'never',
  });
  await done.ended;
  await end('CAfailed', 'failed');
  await end('CAlive', '');
  await stage.outcomeOf('CAdone');
  await stage.outcomeOf('CAfailed');
  // As a process that was killed an hour ago at the wrong moment leaves them.
  await stage.db.query(
    `insert into calls (id, business_id, status) values ('CAforgotten', 'default', 'in-progress')`,
  );
  await stage.db.query(
    `update calls set outcome = null, reason = null, started_at = now() - interval '1 hour'
     where id in ('CAdone', 'CAfailed', 'CAforgotten', 'CAlive')`,
  );
  expect(await stage.outcomeOf('CAdone')).toMatchObject({
    outcome: 'completed',
    reason: 'caller_hung_up',
  });
  expect(await stage.outcomeOf('CAfailed')).toMatchObject({ outcome: 'error', reason: 'provider_failed' });
  expect(await stage.outcomeOf('CAforgotten')).toMatchObject({ outcome: 'error', reason: 'unknown' });
  expect(await stage.call('CAlive')).toMatchObject({ outcome: null });
});
