-- match: of an answer of the agent's, what it came from: {"source": "faq", "question": "..."}.
-- read_at: when the recipient had read it, where the recipient lets others know.
alter table messages add column match jsonb, add column read_at timestamptz;
-- timeline: what happened to the call, in order: [{"at": "...", "event": "answered", "detail": null}].
alter table calls add column timeline jsonb not null default '[]';
-- For the calls of a contact's.
create index calls_by_caller on calls (from_number text_pattern_ops, started_at);
