import { expect, test } from 'vitest';
import { claimScheduleRun, readSchedules, recordScheduleRun } from './schedule-repository.ts';
import { onDatabase } from '../test-support.ts';
import { trackWarning } from './warning-repository.ts';

const on = onDatabase();
const times = { name: 'retention', everySeconds: 60, limitSeconds: 300 };
const claim = (): Promise<string | undefined> => claimScheduleRun(on.db, times);
const record = (startedAt: string): Promise<void> =>
  recordScheduleRun(on.db, times.name, {
    started_at: startedAt,
    ran_ms: 5,
    outcome: 'completed',
    error: null,
    worker: 'w',
  });

/** Simulates that time has passed; negative: that the clock was set back. */
const pass = (seconds: number): Promise<unknown> =>
  on.db.query(
    `update schedules set started_at = started_at - make_interval(secs => $1),
       claimed_until = claimed_until - make_interval(secs => $1)`,
    [seconds],
  );

/** The start of the claimed run, after `pass` has changed it. */
const startOf = async (): Promise<string> => {
  const [row] = await on.db.query<{ started_at: Date }>('select started_at from schedules');
  return row!.started_at.toISOString();
};

test('only one of several callers gets a due run, and nobody while it runs or before the next is due', async () => {
  const claims = await Promise.all(Array.from({ length: 8 }, claim));
  const [startedAt, ...others] = claims.filter((one) => one !== undefined);
  expect(others).toEqual([]);
  await pass(61);
  expect(await claim()).toBeUndefined();
  await record(await startOf());
  expect(await claim()).toBeDefined();
  await record(await startOf());
  await pass(59);
  expect(await claim()).toBeUndefined();
  await pass(2);
  expect((await Promise.all([claim(), claim()])).filter(Boolean)).toHaveLength(1);
  expect(startedAt).toMatch(/^\d{4}-.*Z$/);
});

test('a run whose worker died can be claimed again after its limit', async () => {
  await claim();
  await pass(299);
  expect(await claim()).toBeUndefined();
  await pass(2);
  expect(await claim()).toBeDefined();
});

test('a worker that exceeds its limit does not end the run of its successor', async () => {
  await claim();
  await pass(301);
  const stale = await startOf();
  await claim();
  await record(stale);
  await pass(61);
  expect(await claim()).toBeUndefined();
  expect(await readSchedules(on.db)).toMatchObject([{ last_run: null }]);
  await record(await startOf());
  expect(await claim()).toBeDefined();
});

test('a clock that was set back does not stop a schedule', async () => {
  await record((await claim())!);
  await pass(-3600);
  const again = await claim();
  expect(again).toBeDefined();
  await pass(-3600);
  expect(await claim()).toBeDefined();
});

test('lists schedules with their last run and the time since it began', async () => {
  expect(await readSchedules(on.db)).toEqual([]);
  const startedAt = (await claim())!;
  expect(await readSchedules(on.db)).toMatchObject([{ name: 'retention', last_run: null }]);
  await record(startedAt);
  await pass(30);
  const [row] = await readSchedules(on.db);
  expect(row?.last_run).toEqual({
    started_at: startedAt,
    ran_ms: 5,
    outcome: 'completed',
    error: null,
    worker: 'w',
  });
  expect(Math.floor(row!.age_seconds!)).toBe(30);
});

test('trackWarning returns for how long a warning has been active', async () => {
  const note = (isActive: boolean, name = 'full'): Promise<number | undefined> =>
    on.db.transaction((tx) => trackWarning(tx, { name, isActive }));
  expect(await note(false)).toBeUndefined();
  expect(await note(true)).toBe(0);
  await on.db.query("update warnings set since = since - interval '1 hour'");
  expect(Math.floor((await note(true))! / 60)).toBe(60);
  expect(await note(true, 'another')).toBe(0);
  expect(await note(false)).toBeUndefined();
  expect(await note(true)).toBe(0);
  // The clock was set back: the time counts from now.
  await on.db.query("update warnings set since = since + interval '1 hour'");
  expect(await note(true)).toBe(0);
});
