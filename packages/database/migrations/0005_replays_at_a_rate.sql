-- A message that a replay reopened is not worked off before; null: at once.
alter table messages add column not_before timestamptz;
