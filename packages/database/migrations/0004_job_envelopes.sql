-- What a job carries beside its payload: the trace that it belongs to, the letter that it repeats, and when it is due.
alter table outbox add column trace text;
alter table outbox add column replay_of text;
alter table outbox add column run_at timestamptz;

-- Letters of the dead letter that were replayed, each once: written with the job that repeats it.
create table job_replays (
  letter_id text primary key,
  replayed_at timestamptz not null default now()
);
create index job_replays_by_age on job_replays (replayed_at);
