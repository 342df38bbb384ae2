import { poll } from '@prosaas/devstack';
import { SCHEDULES, openSchedules, type ScheduleState } from '@prosaas/queues';
import { createRedis, keyspace } from '@prosaas/runtime';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSchedules, type ScheduleRunner } from '../src/schedules.ts';
import { type Stage, setStage, silent } from './stage.ts';

vi.setConfig({ testTimeout: 60_000 });

const { bullPrefix } = keyspace('prosaas');
const everySecond = { tick: { pattern: '* * * * * *', timeLimitMs: 900 } };

let stage: Stage;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  stage = await setStage();
  opened = new AsyncDisposableStack();
});
afterEach(async () => {
  await opened.disposeAsync();
  await stage[Symbol.asyncDispose]();
});

/** A replica that runs `tick`. */
function replica(tick: (signal: AbortSignal) => Promise<void>, outcomes: string[] = []): ScheduleRunner {
  const client = (role: 'commands' | 'blocking'): ReturnType<typeof createRedis> => {
    const redis = createRedis({ url: stage.redisServer.url, name: 'test', role, log: silent });
    opened.defer(() => redis.disconnect());
    return redis;
  };
  const runner = startSchedules({
    commands: client('commands'),
    blocking: client('blocking'),
    bullPrefix,
    table: everySecond,
    tasks: { tick },
    onRun: (_name, outcome) => outcomes.push(outcome),
    instance: 'test',
    log: silent,
    times: { lockMs: 2000, stalledMs: 1000 },
  });
  opened.use(runner);
  return runner;
}

async function read(): Promise<ScheduleState | undefined> {
  await using schedules = openSchedules({ redis: stage.redis, bullPrefix, table: everySecond });
  return (await schedules.read())[0];
}

/** The ticks of the runs that are over, in seconds. */
async function ticks(): Promise<number[]> {
  const queue = new Queue(SCHEDULES, { connection: stage.redis, prefix: bullPrefix });
  const jobs = await queue.getCompleted();
  await queue.close();
  return jobs.map(({ id }) => Number(id?.split(':').at(-1)) / 1000).toSorted((a, b) => a - b);
}

test('of three replicas exactly one runs at each tick, also when one of them leaves', async () => {
  let runs = 0;
  const tick = async (): Promise<void> => {
    runs += 1;
  };
  const first = replica(tick);
  const others = [replica(tick), replica(tick)];
  await poll(() => runs >= 5, { timeoutMs: 30_000, what: 'five runs' });
  await first.worker.close();
  await poll(() => runs >= 10, { timeoutMs: 30_000, what: 'ten runs' });
  await Promise.all(others.map(({ worker }) => worker.close()));
  const done = await ticks();
  expect(done).toHaveLength(runs);
  expect(new Set(done).size).toBe(runs);
  expect(await read()).toMatchObject({ last_run: { outcome: 'completed', worker: 'test' } });
});

test('ticks that were missed while Redis stood still are one run', async () => {
  let runs = 0;
  const { worker } = replica(async () => {
    runs += 1;
  });
  // Between two ticks: a run whose end Redis does not take is done again, as it should be.
  const between = async (): Promise<boolean> =>
    runs >= 2 && (await ticks()).length === runs && Date.now() % 1000 < 700;
  await poll(between, { timeoutMs: 30_000, what: 'the end of two runs' });
  stage.redisServer.freeze();
  const from = Date.now() / 1000;
  await poll(() => Date.now() / 1000 > from + 5, { what: 'some ticks to be missed' });
  stage.redisServer.thaw();
  const until = Date.now() / 1000;
  await poll(async () => (await ticks()).filter((second) => second > until).length >= 2, {
    timeoutMs: 30_000,
    what: 'the schedule to go on',
  });
  await worker.close();
  const done = await ticks();
  expect(done.filter((second) => second > from && second < until)).toHaveLength(1);
  expect(done).toHaveLength(runs);
});

test('a run that fails is told, and the next one is due as ever', async () => {
  const outcomes: string[] = [];
  let runs = 0;
  replica(async () => {
    runs += 1;
    if (runs === 1) throw new Error('the first fails');
  }, outcomes);
  await poll(() => outcomes.length >= 1, { timeoutMs: 30_000, what: 'a run' });
  await poll(async () => (await read())?.last_run?.error === 'Error: the first fails', {
    everyMs: 10,
    what: 'the record of the fault',
  });
  await poll(async () => (await read())?.last_run?.outcome === 'completed', { what: 'another run' });
  expect(outcomes.slice(0, 2)).toEqual(['failed', 'completed']);
});

test('a worker that stops ends the run under way and begins none', async () => {
  let began = 0;
  let aborted = 0;
  const runner = replica(async (signal) => {
    began += 1;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    aborted += 1;
  });
  await poll(() => began === 1, { timeoutMs: 30_000, everyMs: 5, what: 'a run' });
  runner.stop();
  await runner[Symbol.asyncDispose]();
  expect([began, aborted]).toEqual([1, 1]);
});
