-- The people of a business. key_hash: SHA-256 of a person's key of 256 random bits; null: she has none. People are revoked, not
-- deleted: the audit log and conversations go on naming them.
create table people (
  id uuid primary key default gen_random_uuid(),
  business_id text not null references businesses (id),
  name text not null,
  role text not null check (role in ('owner', 'staff', 'admin')),
  -- Digits, without `+`: where WhatsApp notices go, and whose answers to them are not a customer's.
  phone_number text check (phone_number ~ '^[0-9]{5,20}$'),
  email text,
  key_hash bytea unique,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create unique index people_by_number on people (business_id, phone_number) where revoked_at is null;

-- Who used a key of a person's own, and from where: of any key.
alter table audit_log add column person_id uuid references people (id), add column person_name text, add column address text;
create index audit_by_person on audit_log (person_id, id) where person_id is not null;
