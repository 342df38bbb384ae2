-- One row per job that is not done. A row is pending, released to BullMQ (enqueued_at), or failed for good (failed_at);
-- a job that is done has no row.
-- order_key: of the rows of one key, one at a time is released, the lowest id first.
-- message_id: the message that the job answers or sends. It fails with its job, and a replay reopens both.
-- run_at: when the job is or was due. is_delayed: it is not due yet, and does not block other rows of its key.
-- release: how often it was released; the BullMQ job is <id>-<release>.
-- attempts: failed attempts. worker_deaths, child_deaths: workers, and processes for this job alone, that died while they ran it.
-- outlived: worker deaths that the job's own process survived, so that the job was not their cause.
-- failures: the last failed attempts. replays: how often it was tried again after it had failed for good.
create table jobs (
  id bigint generated always as identity primary key,
  queue text not null,
  order_key text not null,
  business_id text,
  message_id uuid references messages (id) on delete cascade,
  payload jsonb not null,
  trace text,
  run_at timestamptz not null default now(),
  is_delayed boolean not null default false,
  enqueued_at timestamptz,
  release integer not null default 0,
  attempts integer not null default 0,
  worker_deaths integer not null default 0,
  child_deaths integer not null default 0,
  outlived integer not null default 0,
  failed_at timestamptz,
  failure text,
  failures jsonb not null default '[]',
  replays integer not null default 0,
  created_at timestamptz not null default now(),
  check (failed_at is null or enqueued_at is null)
);
create unique index jobs_released on jobs (order_key) where enqueued_at is not null;
create index jobs_pending on jobs (order_key, id)
  where enqueued_at is null and failed_at is null and not is_delayed;
create index jobs_delayed on jobs (run_at) where is_delayed and failed_at is null;
create index jobs_delayed_by_key on jobs (order_key, run_at) where is_delayed;
create index jobs_failed on jobs (failed_at, id) where failed_at is not null;
create unique index jobs_by_message on jobs (message_id) where message_id is not null;

-- How many jobs there were, counted here and not in Redis: inserted = closed + failed + open. dead: failed and still there.
-- A row per connection, so that no transaction waits for another's count.
create table job_counts (
  queue text not null,
  connection integer not null,
  inserted bigint not null default 0,
  closed bigint not null default 0,
  failed bigint not null default 0,
  dead bigint not null default 0,
  primary key (queue, connection)
) with (fillfactor = 50);

-- A failed job that is deleted stays counted as failed; one that is tried again counts as a new job.
create function add_job_counts(
  counted text, more_inserted bigint, more_closed bigint, more_failed bigint, more_dead bigint
) returns void language sql as $$
  insert into job_counts as counts (queue, connection, inserted, closed, failed, dead)
  values (counted, pg_backend_pid(), more_inserted, more_closed, more_failed, more_dead)
  on conflict (queue, connection) do update set
    inserted = counts.inserted + excluded.inserted,
    closed = counts.closed + excluded.closed,
    failed = counts.failed + excluded.failed,
    dead = counts.dead + excluded.dead;
$$;

-- Per statement, not per row: updating one counter row for each job of a large transaction takes quadratic time.
create function count_inserted_jobs() returns trigger language plpgsql as $$
begin
  perform add_job_counts(queue, count(*), 0, count(failed_at), count(failed_at)) from added group by queue order by queue;
  return null;
end
$$;
create function count_deleted_jobs() returns trigger language plpgsql as $$
begin
  perform add_job_counts(queue, 0, count(*) - count(failed_at), 0, -count(failed_at)) from gone group by queue order by queue;
  return null;
end
$$;
create function count_failed_jobs() returns trigger language plpgsql as $$
begin
  perform add_job_counts(after.queue, count(*) filter (where after.failed_at is null), 0, count(after.failed_at),
      count(after.failed_at) - count(before.failed_at))
    from jobs_after after join jobs_before before using (id)
    where (before.failed_at is null) <> (after.failed_at is null)
    group by after.queue order by after.queue;
  return null;
end
$$;
create trigger count_inserted_jobs after insert on jobs referencing new table as added
  for each statement execute function count_inserted_jobs();
create trigger count_deleted_jobs after delete on jobs referencing old table as gone
  for each statement execute function count_deleted_jobs();
create trigger count_failed_jobs after update on jobs referencing old table as jobs_before new table as jobs_after
  for each statement execute function count_failed_jobs();

-- Scheduled tasks. A worker claims a run.
create table schedules (
  name text primary key,
  started_at timestamptz,
  claimed_until timestamptz,
  last_run jsonb
);

-- Conditions that an operator has to be warned of for a while before something is deleted, and since when they hold.
create table warnings (
  name text primary key,
  since timestamptz not null default now()
);
