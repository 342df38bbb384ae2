-- A recipient that could not decrypt asks again, also after a restart: the text must be at hand under the message's id.
-- What WhatsApp refuses is kept as failed, with its reason.
alter table whatsapp_sends add column text text not null default '';
alter table whatsapp_sends add column error text;
alter table whatsapp_sends drop constraint whatsapp_sends_status_check;
alter table whatsapp_sends add constraint whatsapp_sends_status_check check (status in ('pending', 'sent', 'failed'));
create index whatsapp_sends_by_age on whatsapp_sends (created_at);

-- A session that stands still says since when.
alter table whatsapp_sessions add column last_error_at timestamptz;
