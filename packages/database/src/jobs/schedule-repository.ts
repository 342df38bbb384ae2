import type { Queryable } from '../database.ts';

/** How a run of a schedule ended. */
export interface ScheduleRun {
  started_at: string;
  ran_ms: number;
  outcome: 'completed' | 'failed';
  /** The code and text of the error; null where there was none. */
  error: string | null;
  /** The instance of the worker. */
  worker: string;
}

export interface ScheduleRow {
  name: string;
  /** When its last run began; null before the first. */
  started_at: Date | null;
  /** Since its last run began, by PostgreSQL's clock; null before the first. */
  age_seconds: number | null;
  last_run: ScheduleRun | null;
}

interface ScheduleTimes {
  name: string;
  everySeconds: number;
  /** After so long, a run whose worker died is done again. */
  limitSeconds: number;
}

/**
 * Claims the run of a schedule that is due, for one caller; undefined for the others. What is due PostgreSQL's clock decides: a worker's
 * own may be wrong. A last run in its future (the clock was set back; callers at the same moment are milliseconds apart) counts as long ago. One that failed is done again sooner.
 *
 * @returns when the run began
 */
export async function claimScheduleRun(
  q: Queryable,
  { name, everySeconds, limitSeconds }: ScheduleTimes,
): Promise<string | undefined> {
  const [row] = await q.query<{ started_at: Date }>(
    `insert into schedules as known (name, started_at, claimed_until) values ($1, now(), now() + make_interval(secs => $3))
     on conflict (name) do update set started_at = excluded.started_at, claimed_until = excluded.claimed_until
     where (known.started_at is null or known.started_at > now() + interval '10 seconds' or known.started_at <= now() - make_interval(secs =>
         case when known.last_run ->> 'outcome' = 'failed' then greatest($2::float8 / 10, least($2::float8, 10)) else $2::float8 end))
       and (known.claimed_until is null or known.claimed_until <= now()
         or known.claimed_until > now() + make_interval(secs => $3) + interval '10 seconds')
     returning started_at`,
    [name, everySeconds, limitSeconds],
  );
  return row?.started_at.toISOString();
}

/** Ends a run that was claimed; nothing where it took longer than its limit and another worker has claimed the next. */
export async function recordScheduleRun(q: Queryable, name: string, run: ScheduleRun): Promise<void> {
  // PostgreSQL's times are finer than those of JavaScript.
  await q.query(
    `update schedules set claimed_until = null, last_run = $2
     where name = $1 and abs(extract(epoch from started_at - $3::timestamptz)) < 0.002`,
    [name, JSON.stringify(run), run.started_at],
  );
}

export async function readSchedules(q: Queryable): Promise<ScheduleRow[]> {
  return q.query(
    `select name, started_at, last_run, extract(epoch from now() - started_at)::float8 as age_seconds from schedules order by name`,
  );
}
