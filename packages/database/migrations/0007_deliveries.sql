-- `sent`: WhatsApp's server has the message. Whether the recipient's phone could read it, its receipts say.
-- undelivered: the phone asked for a repeat, and no repeat was delivered.
-- Not valid: the old rows are checked by 0009, which lets others read and write meanwhile.
alter table messages add column delivered_at timestamptz;
alter table messages drop constraint messages_status_check;
alter table messages add constraint messages_status_check
  check (status in ('received', 'answered', 'queued', 'sent', 'failed', 'undelivered')) not valid;

-- requested_at: since when a recipient's device asks for a repeat; null again when the message is delivered or given up.
-- resend_at: when it is sent again.
alter table whatsapp_sends add column delivered_at timestamptz;
alter table whatsapp_sends add column undelivered_at timestamptz;
alter table whatsapp_sends add column requested_at timestamptz;
alter table whatsapp_sends add column requests integer not null default 0;
alter table whatsapp_sends add column resends integer not null default 0;
alter table whatsapp_sends add column resend_at timestamptz;
-- Sends wait while this index is built, which reads the whole table: retention keeps it to some months, so that takes seconds.
-- An index can't be built `concurrently` in a transaction, and every migration is one.
create index whatsapp_sends_to_resend on whatsapp_sends (session_id, resend_at) where resend_at is not null;
