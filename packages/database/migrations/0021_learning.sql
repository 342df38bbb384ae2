-- What people of a business taught the agent.
create table learned_entries (
  id bigint generated always as identity primary key,
  business_id text not null references businesses (id),
  -- With an answer, an entry of its own; without one, the question of the entry that `also` belongs to.
  question text not null,
  answer text,
  also text[] not null default '{}',
  person_id uuid references people (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Questions that the agent did not understand, one a message. They go with their message.
-- text: the customer's words, cut. group_key: the words that say what is asked; questions of one key are one group. group_id: the
-- group's name in URLs and logs, which must hold no customer's words.
-- resolution: null while nobody has decided. entry_id: of `answered`, what was learned of it.
create table unanswered_questions (
  message_id uuid primary key references messages (id) on delete cascade,
  business_id text not null references businesses (id),
  text text not null,
  language text,
  group_key text not null,
  group_id text not null,
  resolution text check (resolution in ('answered', 'dismissed')),
  entry_id bigint references learned_entries (id) on delete set null,
  created_at timestamptz not null default now()
);
create index unanswered_questions_by_group on unanswered_questions (group_id, created_at);
create index unanswered_questions_by_business on unanswered_questions (business_id, created_at);
create index unanswered_questions_by_entry on unanswered_questions (entry_id) where entry_id is not null;
