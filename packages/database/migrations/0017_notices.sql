-- What a person of a business was told of a customer's conversation. kind: `waiting`, for a person; `reminder`; `confirmation` and
-- `explanation`, of what she answered. reason: why the conversation waited.
-- message_id: of WhatsApp, the message in her own conversation, which says how far it is. sent_at: of e-mail, when it was sent.
create table notices (
  id uuid primary key default gen_random_uuid(),
  business_id text not null references businesses (id),
  conversation_id uuid not null references conversations (id) on delete cascade,
  person_id uuid not null references people (id),
  channel text not null,
  kind text not null check (kind in ('waiting', 'reminder', 'confirmation', 'explanation')),
  reason text,
  message_id uuid references messages (id) on delete set null,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index notices_of_conversation on notices (conversation_id, created_at);
create index notices_to_person on notices (person_id, created_at);
create index notices_by_message on notices (message_id) where message_id is not null;
create index notices_by_time on notices (created_at);

-- WhatsApp's id of the message that this one quotes.
alter table messages add column quoted_id text;
