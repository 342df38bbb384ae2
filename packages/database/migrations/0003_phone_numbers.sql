-- Which business a called number belongs to; one that does not stand here is the default business'.
create table phone_numbers (
  number text primary key check (number ~ '^\+[1-9][0-9]{5,14}$'),
  business_id text not null references businesses (id),
  created_at timestamptz not null default now()
);
create index phone_numbers_by_business on phone_numbers (business_id, number);

-- Calls whose outcome nobody wrote down yet: few, and looked for every minute.
create index calls_open on calls (started_at) where outcome is null;
