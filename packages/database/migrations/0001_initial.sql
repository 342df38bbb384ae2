-- Every record belongs to a business; `default` exists from the start, so that one business needs no set-up.
-- Times are timestamptz (UTC); they are shown in the business' own zone.

create table businesses (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now()
);
insert into businesses (id, name) values ('default', 'Default');

-- One row: which stack this database belongs to. Redis carries the same id under the stack's namespace.
create table stack (
  only_row boolean primary key default true check (only_row),
  id uuid not null default gen_random_uuid()
);
insert into stack default values;

-- Keys that the operator did not set (API_KEY, ADMIN_KEY, METRICS_TOKEN, INTERNAL_SECRET), shared by all services.
create table generated_keys (
  name text primary key,
  value text not null,
  created_at timestamptz not null default now()
);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  role text not null,
  action text not null,
  target text,
  request_id text
);

create table whatsapp_sessions (
  id text primary key check (id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
  business_id text not null references businesses (id),
  wanted text not null default 'started' check (wanted in ('started', 'stopped')),
  phone_number text,
  lid text,
  last_error text,
  last_inbound_at timestamptz,
  created_at timestamptz not null default now()
);
create index whatsapp_sessions_by_business on whatsapp_sessions (business_id);

-- Auth state of the WhatsApp client. `fence` is the token of the lease that wrote last: an older owner cannot write.
create table whatsapp_credentials (
  session_id text primary key references whatsapp_sessions (id) on delete cascade,
  value jsonb not null,
  fence bigint not null default 0,
  updated_at timestamptz not null default now()
);
create table whatsapp_keys (
  session_id text not null references whatsapp_sessions (id) on delete cascade,
  type text not null,
  id text not null,
  value jsonb not null,
  primary key (session_id, type, id)
);

create table conversations (
  id uuid primary key default gen_random_uuid(),
  business_id text not null references businesses (id),
  channel text not null default 'whatsapp' check (channel in ('whatsapp', 'phone')),
  session_id text references whatsapp_sessions (id) on delete set null,
  contact text not null,
  alternate_contact text,
  contact_name text,
  handed_off_at timestamptz,
  opted_out_at timestamptz,
  last_message_at timestamptz,
  created_at timestamptz not null default now(),
  unique (business_id, channel, session_id, contact)
);
create index conversations_by_last_message on conversations (business_id, last_message_at desc, id);

create table messages (
  id uuid primary key default gen_random_uuid(),
  seq bigint generated always as identity unique,
  business_id text not null references businesses (id),
  conversation_id uuid not null references conversations (id) on delete cascade,
  session_id text,
  direction text not null check (direction in ('inbound', 'outbound')),
  -- inbound: received -> answered | failed. outbound: queued -> sent | failed.
  status text not null check (status in ('received', 'answered', 'queued', 'sent', 'failed')),
  text text not null,
  external_id text,
  in_reply_to uuid unique references messages (id) on delete set null,
  error text,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
-- The inbox: a message of WhatsApp's is accepted once, however often it is delivered.
create unique index messages_inbox on messages (session_id, conversation_id, external_id) where direction = 'inbound';
create index messages_of_conversation on messages (conversation_id, seq);
create index messages_open on messages (conversation_id, seq) where status in ('received', 'queued');
create index messages_by_business on messages (business_id, seq desc);

-- Sends by idempotency key. The WhatsApp message id follows from the key, so that a repeat is the same message.
create table whatsapp_sends (
  session_id text not null references whatsapp_sessions (id) on delete cascade,
  key text not null,
  chat_id text not null,
  body_hash text not null,
  message_id text not null,
  status text not null default 'pending' check (status in ('pending', 'sent')),
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  primary key (session_id, key)
);
create index whatsapp_sends_by_message on whatsapp_sends (session_id, message_id);

create table calls (
  id text primary key,
  business_id text not null references businesses (id),
  from_number text,
  to_number text,
  status text not null,
  outcome text check (outcome in ('completed', 'error', 'rejected')),
  reason text,
  started_at timestamptz not null default now(),
  answered_at timestamptz,
  ended_at timestamptz
);
create index calls_by_start on calls (business_id, started_at desc, id);

create table recordings (
  id uuid primary key default gen_random_uuid(),
  business_id text not null references businesses (id),
  call_id text not null references calls (id) on delete cascade,
  media_type text not null,
  duration_ms integer not null,
  audio bytea not null,
  created_at timestamptz not null default now()
);
create index recordings_by_call on recordings (call_id);

-- Jobs that follow from a commit: written with it, enqueued after it.
create table outbox (
  id bigint generated always as identity primary key,
  queue text not null,
  key text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  unique (queue, key)
);
