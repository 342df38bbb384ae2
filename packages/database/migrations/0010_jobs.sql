-- One row per job that is not done. A row is pending, released to BullMQ (enqueued_at), or failed for good (failed_at);
-- a job that is done has no row.
-- order_key: of the rows of one key, one at a time is released, the lowest id first.
-- message_id: the message that the job answers or sends; it fails, and is opened again, with its job.
-- run_at: when the job is due, or was. is_delayed: it is not due yet, and holds up no other row of its key.
-- release: how often it was released; the BullMQ job is <id>-<release>.
-- attempts: failures of its own. worker_deaths, child_deaths: processes that ended while they ran it.
-- outlived: of the workers, those that a process of the job's own outlived: it was not the job that ended them.
-- failures: the last failed attempts. replays: how often it was tried again after it had failed for good.
create table jobs (
  id bigint generated always as identity primary key,
  queue text not null,
  order_key text not null,
  business_id text references businesses (id) on delete cascade,
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

create function count_job(
  counted text, more_inserted integer, more_closed integer, more_failed integer, more_dead integer
) returns void language sql as $$
  insert into job_counts as counts (queue, connection, inserted, closed, failed, dead)
  values (counted, pg_backend_pid(), more_inserted, more_closed, more_failed, more_dead)
  on conflict (queue, connection) do update set
    inserted = counts.inserted + excluded.inserted,
    closed = counts.closed + excluded.closed,
    failed = counts.failed + excluded.failed,
    dead = counts.dead + excluded.dead;
$$;

-- A failed job that is deleted stays counted as failed; one that is tried again counts as a new job.
create function count_jobs() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.failed_at is null then
      perform count_job(new.queue, 1, 0, 0, 0);
    else
      perform count_job(new.queue, 1, 0, 1, 1);
    end if;
  elsif tg_op = 'DELETE' then
    if old.failed_at is null then
      perform count_job(old.queue, 0, 1, 0, 0);
    else
      perform count_job(old.queue, 0, 0, 0, -1);
    end if;
  elsif new.failed_at is null then
    perform count_job(new.queue, 1, 0, 0, -1);
  else
    perform count_job(new.queue, 0, 0, 1, 1);
  end if;
  return null;
end
$$;
create trigger jobs_counted after insert or delete on jobs for each row execute function count_jobs();
create trigger jobs_failures_counted after update of failed_at on jobs for each row
  when ((old.failed_at is null) <> (new.failed_at is null)) execute function count_jobs();

-- What is done at its times, by whichever worker claims it.
create table schedules (
  name text primary key,
  started_at timestamptz,
  claimed_until timestamptz,
  last_run jsonb
);

-- Since when something is so that an operator has to know of before it has consequences.
create table warnings (
  name text primary key,
  since timestamptz not null default now()
);

-- Replicas of the release before write to outbox, and may do so until they are replaced.
create function outbox_to_jobs() returns trigger language plpgsql as $$
begin
  insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed)
  select new.queue,
    case new.queue when 'inbound-messages' then 'in:' else 'out:' end || m.conversation_id,
    m.business_id, m.id, new.payload, new.trace, coalesce(new.run_at, now()), coalesce(new.run_at > now(), false)
  from messages m
  where m.id = case when new.key ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then new.key::uuid end
  on conflict do nothing;
  return null;
end
$$;
create trigger outbox_to_jobs before insert on outbox for each row execute function outbox_to_jobs();
-- What waits there goes the same way.
with waiting as (delete from outbox returning *)
insert into outbox (queue, key, payload, created_at, trace, replay_of, run_at)
select queue, key, payload, created_at, trace, replay_of, run_at from waiting order by id;
