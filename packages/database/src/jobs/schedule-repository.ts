import type { Queryable } from '../database.ts';

/** How a run of a schedule ended. */
export interface ScheduleRun {
  started_at: string;
  ran_ms: number;
  outcome: 'completed' | 'failed';
  /** The code and text of the error; null if it completed. */
  error: string | null;
  /** The instance of the worker. */
  worker: string;
}

export interface ScheduleRow {
  name: string;
  /** When its last run began; null before the first. */
  started_at: Date | null;
  /** Time since its last run began, by PostgreSQL's clock; null before the first. */
  age_seconds: number | null;
  last_run: ScheduleRun | null;
}

interface ScheduleTimes {
  name: string;
  everySeconds: number;
  /** Time limit of a run. After it, another worker may repeat the run, because the first one probably died. */
  limitSeconds: number;
}

/**
 * Claims a due run of a schedule for one caller; undefined for all others. PostgreSQL's clock decides, because a worker's clock may
 * be wrong. A last run more than 10 s in the future means that the clock was set back, and counts as long ago; less may be the
 * difference between concurrent callers. A failed run is repeated sooner than a completed one.
 *
 * @returns the start of the run
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

/** Records the end of a claimed run. Does nothing if the run exceeded its limit and another worker has claimed the next one. */
export async function recordScheduleRun(q: Queryable, name: string, run: ScheduleRun): Promise<void> {
  // PostgreSQL stores microseconds, a Date only milliseconds.
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
