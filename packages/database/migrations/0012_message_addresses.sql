-- address: the WhatsApp address that a message came from or goes to; null: its conversation's contact.
-- account: the phone number of the account that received the message, or is to send it; null: whichever its session has.
alter table messages add column address text, add column account text;

-- Why a person answers: `agent`, it was asked to or did not know what to say; `loop`, it answered too often in too short a time.
alter table conversations add column hand_off_reason text;
