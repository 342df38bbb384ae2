import { type ScheduleRow, readSchedules } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSchedules, type ScheduleRunner } from '../src/schedules.ts';
import { type Stage, setStage, silent } from './stage.ts';

vi.setConfig({ testTimeout: 60_000 });

const table = { tick: { everySeconds: 1, timeLimitMs: 900 } };

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
  return opened.use(
    startSchedules({
      db: stage.db,
      table,
      tasks: { tick },
      onRun: (_name, outcome) => outcomes.push(outcome),
      instance: 'test',
      log: silent,
      everyMs: 20,
    }),
  );
}

const read = async (): Promise<ScheduleRow | undefined> => (await readSchedules(stage.db))[0];

test('of three replicas one runs the task at a time, a second apart, also when one of them stops', async () => {
  const runs: number[] = [];
  const tick = async (): Promise<void> => void runs.push(performance.now());
  const first = replica(tick);
  replica(tick);
  replica(tick);
  await poll(() => runs.length >= 3, { timeoutMs: 30_000, what: 'three runs' });
  await first[Symbol.asyncDispose]();
  await poll(() => runs.length >= 6, { timeoutMs: 30_000, what: 'six runs' });
  const gaps = runs.slice(1).map((at, index) => at - runs[index]!);
  expect(Math.min(...gaps)).toBeGreaterThan(700);
  expect(await read()).toMatchObject({ last_run: { outcome: 'completed', worker: 'test' } });
});

test('records a failed run, and the next one follows', async () => {
  const outcomes: string[] = [];
  let runs = 0;
  replica(async () => {
    runs += 1;
    if (runs === 1) throw new Error('the first fails');
  }, outcomes);
  await poll(async () => (await read())?.last_run?.error === 'Error: the first fails', {
    everyMs: 10,
    what: 'the record of the fault',
  });
  await poll(async () => (await read())?.last_run?.outcome === 'completed', { what: 'another run' });
  expect(outcomes.slice(0, 2)).toEqual(['failed', 'completed']);
});

test('repeats a run whose worker died, after its time limit', async () => {
  await stage.db.query(
    `insert into schedules (name, started_at, claimed_until) values ('tick', now() - interval '1 minute', now() + interval '0.8 seconds')`,
  );
  const from = performance.now();
  let ranAt = 0;
  replica(async () => {
    ranAt ||= performance.now();
  });
  await poll(() => ranAt > 0, { timeoutMs: 30_000, what: 'a run' });
  expect(ranAt - from).toBeGreaterThan(500);
});

test('a stopping worker aborts the current run and starts no more', async () => {
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
