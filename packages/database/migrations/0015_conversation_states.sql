-- state: who answers. `agent`; `waiting`, for a person; `person`; `closed`, until the customer writes again.
-- state_reason: of `waiting`, why; of `person`, how she came to it.
-- person_id: of `person`, who, where that is known. person_until: when the agent takes over again unless she writes before.
-- announced_at, announcements: of `waiting`, when and how often people were told.
-- not_understood: messages in a row that the agent did not understand.
-- last_inbound_at, read_at: a conversation with a message of the customer's after a person last read it is unread.
alter table conversations
  add column state text not null default 'agent',
  add column state_since timestamptz not null default now(),
  add column state_reason text,
  add column person_id uuid references people (id),
  add column person_until timestamptz,
  add column announced_at timestamptz,
  add column announcements integer not null default 0,
  add column not_understood integer not null default 0,
  add column last_inbound_at timestamptz,
  add column read_at timestamptz,
  add constraint conversations_state_check check (state in ('agent', 'waiting', 'person', 'closed'));
-- Nobody is told anew of chats that were handed over before people could be told.
update conversations set state = 'waiting', state_since = handed_off_at, announced_at = now(), announcements = 2,
    state_reason = case hand_off_reason when 'loop' then 'loop' else 'asked' end
  where handed_off_at is not null;
create index conversations_by_state on conversations (state, business_id, state_since) where state in ('waiting', 'person');

-- Replicas of the release before read and write handed_off_at instead of the state.
create function keep_handed_off_at() returns trigger language plpgsql as $$
begin
  if new.state is distinct from old.state then
    new.handed_off_at := case when new.state in ('waiting', 'person') then coalesce(old.handed_off_at, now()) end;
  elsif new.handed_off_at is not null and old.handed_off_at is null and new.state = 'agent' then
    new.state := 'waiting';
    new.state_since := now();
    new.state_reason := case new.hand_off_reason when 'loop' then 'loop' else 'asked' end;
  end if;
  return new;
end
$$;
create trigger keep_handed_off_at before update on conversations for each row
  when (new.state is distinct from old.state or new.handed_off_at is distinct from old.handed_off_at)
  execute function keep_handed_off_at();

-- How long a person keeps a chat without a word from her. The worker keeps it as its profile has it.
alter table businesses add column person_minutes integer not null default 120;

-- What happened to a conversation, in order. Its state is what the last event left.
create table conversation_events (
  id bigint generated always as identity primary key,
  business_id text not null references businesses (id),
  conversation_id uuid not null references conversations (id) on delete cascade,
  at timestamptz not null default now(),
  event text not null,
  from_state text not null,
  to_state text not null,
  reason text,
  -- Who did it: a person, where she is known.
  actor text not null check (actor in ('customer', 'agent', 'person', 'phone', 'system')),
  person_id uuid references people (id),
  message_id uuid references messages (id) on delete set null
);
create index conversation_events_of on conversation_events (conversation_id, id);
create index conversation_events_by_message on conversation_events (message_id) where message_id is not null;

-- author: who wrote it. Null: the customer where it came in; where it went out, the agent if it is a reply, else a person.
-- kind: `text`, or what else came: image, video, voice, audio, document, sticker, location, contact, order, poll.
-- reason: of `ignored`, why.
alter table messages
  add column author text,
  add column person_id uuid references people (id),
  add column kind text not null default 'text',
  add column reason text;
-- Not valid: the old rows are checked by 0016, which lets others read and write meanwhile.
alter table messages drop constraint messages_status_check;
alter table messages add constraint messages_status_check check (status in ('received', 'answered', 'waiting_for_person', 'ignored',
  'queued', 'sent', 'failed', 'undelivered')) not valid;
alter table messages add constraint messages_author_check
  check (author in ('customer', 'agent', 'person', 'phone', 'program', 'notice')) not valid;
