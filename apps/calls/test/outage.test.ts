import { poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await stage.forgetCalls();
});

test('without Redis rejects new calls as busy and is unhealthy; a live call goes on and is counted afterwards', async () => {
  await using desk = await stage.desk();
  await desk.warm();
  const live = await desk.provider.call({ say: babble(6000) });
  await live.stream?.untilMarks(1);
  await stage.redis.stop();

  const refused = await desk.provider.call({ callbacks: 'never' });
  expect(refused).toMatchObject({ verdict: 'rejected', answer: { status: 200 } });
  await poll(async () => (await desk.get('/health')).status === 503, { what: 'health to turn' });
  expect((await desk.get('/health')).body).toMatchObject({
    status: 'unhealthy',
    checks: { redis: { status: 'fail' } },
  });
  const report = await live.ended;
  expect(report.marks).toHaveLength(2);

  await stage.redis.start();
  await poll(async () => (await desk.get('/health')).status === 200, { what: 'health to turn back' });
  expect(await stage.outcomeOf(live.sid)).toMatchObject({ outcome: 'completed' });
  expect((await stage.call(live.sid))?.recordings).toHaveLength(1);
  await poll(async () => (await stage.totals()).active === 0, { what: 'the slot to be given back' });
  await expect
    .poll(() => stage.totals())
    .toEqual({ started: 1, completed: 1, errors: 0, rejected: 0, active: 0 });
});

test('a service that starts without Redis is unhealthy and accepts calls once Redis is up', async () => {
  await stage.redis.stop();
  await using desk = await stage.desk();
  expect(await desk.get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  expect((await desk.get('/health')).status).toBe(503);
  expect((await desk.provider.call({ callbacks: 'never' })).verdict).toBe('rejected');
  await stage.redis.start();
  await poll(async () => (await desk.get('/health')).status === 200, { what: 'health to turn' });
  const call = await desk.provider.call({ say: babble(500) });
  expect((await call.ended).verdict).toBe('connected');
});

test('while Redis hangs rejects callers as busy within seconds, and live calls go on', async () => {
  await using desk = await stage.desk();
  await desk.warm();
  const live = await desk.provider.call({ say: babble(6000) });
  await live.stream?.untilMarks(1);
  stage.redis.freeze();
  try {
    expect((await desk.provider.call({ callbacks: 'never' })).verdict).toBe('rejected');
    await poll(async () => (await desk.get('/health')).status === 503, { what: 'health to turn' });
    expect((await live.ended).marks).toHaveLength(2);
  } finally {
    stage.redis.thaw();
  }
  expect(await stage.outcomeOf(live.sid)).toMatchObject({ outcome: 'completed' });
  await poll(async () => (await stage.totals()).active === 0, { what: 'the slot to be given back' });
});

test('without PostgreSQL calls go on, and are stored later', async () => {
  await using desk = await stage.desk();
  await desk.warm();
  await stage.db.query('alter table calls rename to calls_away');
  const call = await desk.provider.call({ say: babble(500) });
  expect((await call.ended).marks).toHaveLength(2);
  const told = (): number =>
    stage.lines.filter((line) => line.includes('records of calls cannot be written; they wait')).length;
  await poll(() => told() === 1, { what: 'the line' });
  await stage.db.query('alter table calls_away rename to calls');
  const record = await stage.outcomeOf(call.sid);
  expect(record).toMatchObject({ outcome: 'completed', status: 'completed' });
  expect(record.recordings).toHaveLength(1);
});

test('a draining service is not ready, accepts no new calls, and lets the live one finish', async () => {
  const desk = await stage.desk();
  await desk.warm();
  const live = await desk.provider.call({ say: babble(6000) });
  await live.stream?.untilMarks(1);
  desk.service.drain();
  expect(await desk.get('/readyz')).toMatchObject({ status: 503, body: { ready: false } });
  expect((await desk.get('/healthz')).status).toBe(200);
  const refused = await desk.provider.call({ callbacks: 'never' });
  expect(refused.verdict).toBe('rejected');
  const stopped = desk.service[Symbol.asyncDispose]();
  expect((await live.ended).marks).toHaveLength(2);
  await stopped;
  expect(await stage.outcomeOf(live.sid)).toMatchObject({ outcome: 'completed' });
  expect((await stage.call(live.sid))?.recordings).toHaveLength(1);
  expect(await stage.outcomeOf(refused.sid)).toMatchObject({ outcome: 'rejected', reason: 'shutting_down' });
});

test('a hanging database does not hold up a stopping service, and pending writes are stored later', async () => {
  const desk = await stage.desk({}, { timings: { drainMs: 300 } });
  await desk.warm();
  const live = await desk.provider.call({ say: babble(60_000) });
  await live.stream?.untilMarks(1);
  await poll(async () => (await stage.call(live.sid))?.status === 'in-progress', { what: 'the record' });
  await stage.db.transaction(async (tx) => {
    await tx.query('select 1 from calls where id = $1 for update', [live.sid]);
    await desk.service[Symbol.asyncDispose]();
    expect(stage.lines.join('')).toContain('records of calls were lost');
  });
  await using next = await stage.desk({}, { timings: { callRecoveryEveryMs: 100, maxCallMs: -120_000 } });
  await next.healthy();
  expect(await stage.outcomeOf(live.sid)).toMatchObject({ outcome: 'completed', reason: 'finished' });
});

test('a stopping service says goodbye to a live call that takes too long', async () => {
  const desk = await stage.desk({}, { timings: { drainMs: 300 } });
  await desk.warm();
  const live = await desk.provider.call({ say: babble(60_000) });
  await live.stream?.untilMarks(1);
  await desk.service[Symbol.asyncDispose]();
  const report = await live.ended;
  expect(report).toMatchObject({ by: 'service' });
  expect(report.marks).toHaveLength(2);
  await expect.poll(() => stage.totals()).toMatchObject({ active: 0, errors: 0 });
});
