-- Messages that WhatsApp delivered and that are not in `messages`.
-- quarantined: PostgreSQL refused its data, or it could not be read; `raw` is what came. An operator can retry it.
-- pending: acknowledged before its content arrived; the sender's phone was asked to send it again.
-- expired: a pending one whose content did not come in time.
create table unstored_messages (
  id uuid primary key default gen_random_uuid(),
  business_id text not null references businesses (id),
  session_id text not null,
  contact text not null,
  alternate_contact text,
  external_id text not null,
  status text not null check (status in ('quarantined', 'pending', 'expired')),
  reason text not null,
  raw bytea,
  retries integer not null default 0,
  -- To the millisecond: it stands in the cursors of lists.
  received_at timestamptz not null default date_trunc('milliseconds', now()),
  unique (session_id, external_id, contact)
);
create index unstored_messages_by_business on unstored_messages (business_id, received_at desc, id desc);
-- Every replica looks every 10 s for those that have waited too long.
create index unstored_messages_pending on unstored_messages (received_at) where status = 'pending';
