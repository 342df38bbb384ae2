-- Who is signed in to the console. token_hash: SHA-256 of the cookie's token. key_proof: HMAC-SHA256 with the token as its key over the
-- SHA-256 of the key that was signed in with: it shows whether that key still counts, and tells nobody without the cookie anything of
-- it. holder: the same for all sign-ins of one person, or of one key. person_id: of a person's own key.
create table console_sessions (
  token_hash bytea primary key,
  key_proof bytea not null,
  holder text not null,
  person_id uuid references people (id),
  address text,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now()
);
create index console_sessions_by_use on console_sessions (last_used_at);
create index console_sessions_of on console_sessions (holder, last_used_at);
-- The newest of a business.
create index conversation_events_by_business on conversation_events (business_id, id);
