-- How a WhatsApp session's state changed, in order; the newest 500 of each are kept. A replica that is killed writes nothing.
create table session_changes (
  id bigint generated always as identity primary key,
  session_id text not null references whatsapp_sessions (id) on delete cascade,
  at timestamptz not null default now(),
  status text not null,
  reason text
);
create index session_changes_of on session_changes (session_id, id);

alter table whatsapp_sessions add column last_outbound_at timestamptz;
