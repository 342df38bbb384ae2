-- A message as it is spoken, some half seconds at a time, so that it outlives the process that records it. At its end the whole
-- becomes a row of recordings, and its parts go.
create table recording_parts (
  recording_id uuid not null,
  part integer not null,
  call_id text not null references calls (id) on delete cascade,
  -- mu-law at 8 kHz, without a header.
  audio bytea not null,
  created_at timestamptz not null default now(),
  primary key (recording_id, part)
);
create index recording_parts_by_call on recording_parts (call_id);
