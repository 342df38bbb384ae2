-- match: of an answer of the agent's, what it came from: {"source": "faq", "question": "..."}.
alter table messages add column match jsonb;
-- timeline: what happened to the call, in order: [{"at": "...", "event": "answered", "detail": null}].
alter table calls add column timeline jsonb not null default '[]';
