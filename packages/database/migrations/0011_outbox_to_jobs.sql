-- Replicas of the previous release still write to outbox. Each row is copied to jobs, and stays for their own relay: they go on answering
-- until a worker of this release runs, and after a rollback.
create function outbox_to_jobs() returns trigger language plpgsql as $$
begin
  insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed)
  select added.queue,
    case added.queue when 'inbound-messages' then 'in:' else 'out:' end || m.conversation_id,
    m.business_id, m.id, added.payload, added.trace, coalesce(added.run_at, now()), coalesce(added.run_at > now(), false)
  from added join messages m
    on m.id = case when added.key ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then added.key::uuid end
  where m.status in ('received', 'queued')
  order by added.id
  on conflict do nothing;
  return null;
end
$$;
create trigger outbox_to_jobs after insert on outbox referencing new table as added
  for each statement execute function outbox_to_jobs();
-- Copies the rows that wait there now. A migration of its own, so that it holds no lock on messages.
insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed)
select o.queue, case o.queue when 'inbound-messages' then 'in:' else 'out:' end || m.conversation_id,
  m.business_id, m.id, o.payload, o.trace, coalesce(o.run_at, now()), coalesce(o.run_at > now(), false)
from outbox o join messages m
  on m.id = case when o.key ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then o.key::uuid end
where m.status in ('received', 'queued')
order by o.id
on conflict do nothing;
