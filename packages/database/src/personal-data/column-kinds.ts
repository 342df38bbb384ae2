/**
 * How a column is treated when a contact's data are exported or erased.
 *
 * - `exported`: part of the export, deleted with the contact.
 * - `erased`: deleted with the contact, but not exported: encryption keys, hashes.
 * - `other`: not about a contact: ids, the business' own data, operational data.
 */
type ColumnKind = 'exported' | 'erased' | 'other';

type TableColumns = Readonly<Partial<Record<ColumnKind, readonly string[]>>>;

/** Every column of the database. A migration that adds a column adds it here too: a test compares this table with the schema. */
export const columnKinds: Readonly<Record<string, TableColumns>> = {
  audit_log: {
    exported: ['target'],
    other: ['id', 'at', 'role', 'action', 'request_id', 'person_id', 'person_name', 'address'],
  },
  businesses: { other: ['id', 'name', 'time_zone', 'created_at', 'person_minutes'] },
  calls: {
    exported: [
      'from_number',
      'to_number',
      'status',
      'outcome',
      'reason',
      'started_at',
      'answered_at',
      'ended_at',
      'timeline',
    ],
    other: ['id', 'business_id'],
  },
  // Of the business' own people.
  console_sessions: {
    other: ['token_hash', 'key_proof', 'holder', 'person_id', 'address', 'created_at', 'last_used_at'],
  },
  conversations: {
    exported: [
      'channel',
      'contact',
      'alternate_contact',
      'contact_name',
      'handed_off_at',
      'hand_off_reason',
      'opted_out_at',
      'last_message_at',
      'created_at',
      'state',
      'state_since',
      'state_reason',
      'person_until',
      'last_inbound_at',
      'read_at',
    ],
    other: [
      'id',
      'business_id',
      'session_id',
      'person_id',
      'announced_at',
      'announcements',
      'not_understood',
    ],
  },
  conversation_events: {
    exported: ['at', 'event', 'from_state', 'to_state', 'reason', 'actor'],
    other: ['id', 'business_id', 'conversation_id', 'person_id', 'message_id'],
  },
  generated_keys: { other: ['name', 'value', 'created_at'] },
  job_counts: { other: ['queue', 'connection', 'inserted', 'closed', 'failed', 'dead'] },
  job_replays: { other: ['letter_id', 'replayed_at'] },
  jobs: {
    exported: ['queue', 'payload', 'run_at', 'failed_at', 'failure', 'failures', 'created_at'],
    other: [
      'id',
      'order_key',
      'business_id',
      'message_id',
      'trace',
      'is_delayed',
      'enqueued_at',
      'release',
      'attempts',
      'worker_deaths',
      'child_deaths',
      'outlived',
      'replays',
    ],
  },
  // The business' own texts. Phrasings taken over from a contact stay, except those that only this contact used.
  learned_entries: {
    other: ['id', 'business_id', 'question', 'answer', 'also', 'person_id', 'created_at', 'updated_at'],
  },
  messages: {
    exported: [
      'direction',
      'author',
      'kind',
      'status',
      'reason',
      'text',
      'error',
      'address',
      'match',
      'created_at',
      'sent_at',
      'delivered_at',
      'read_at',
    ],
    other: [
      'id',
      'account',
      'seq',
      'business_id',
      'conversation_id',
      'session_id',
      'external_id',
      'in_reply_to',
      'not_before',
      'person_id',
      'quoted_id',
    ],
  },
  // Notices to the business' own people about the contact; their texts are messages to those people.
  notices: {
    exported: ['channel', 'kind', 'reason', 'created_at', 'sent_at'],
    other: ['id', 'business_id', 'conversation_id', 'person_id', 'message_id'],
  },
  // From releases before the table `jobs`, which has a row for each of these.
  outbox: {
    erased: ['payload'],
    other: ['id', 'queue', 'key', 'trace', 'replay_of', 'run_at', 'created_at'],
  },
  // The business' own people.
  people: {
    other: [
      'id',
      'business_id',
      'name',
      'role',
      'phone_number',
      'email',
      'key_hash',
      'created_at',
      'revoked_at',
    ],
  },
  phone_numbers: { other: ['number', 'business_id', 'created_at'] },
  // Parts of a recording that is not finished.
  recording_parts: { erased: ['audio'], other: ['recording_id', 'part', 'call_id', 'created_at'] },
  recordings: {
    exported: ['media_type', 'duration_ms', 'audio', 'created_at'],
    other: ['id', 'business_id', 'call_id'],
  },
  schedules: { other: ['name', 'started_at', 'claimed_until', 'last_run'] },
  schema_migrations: { other: ['id', 'name', 'run_on'] },
  session_changes: { other: ['id', 'session_id', 'at', 'status', 'reason'] },
  stack: { other: ['only_row', 'id'] },
  unanswered_questions: {
    exported: ['text', 'language', 'created_at'],
    erased: ['group_key'],
    other: ['message_id', 'business_id', 'group_id', 'resolution', 'entry_id'],
  },
  unstored_messages: {
    exported: ['contact', 'alternate_contact', 'status', 'reason', 'raw', 'received_at'],
    other: ['id', 'business_id', 'session_id', 'external_id', 'retries'],
  },
  warnings: { other: ['name', 'since'] },
  // Of the business' own account.
  whatsapp_credentials: { other: ['session_id', 'value', 'fence', 'updated_at'] },
  // The ids of Signal keys contain the contact's number or LID, and their values list its devices.
  whatsapp_keys: { erased: ['id', 'value'], other: ['session_id', 'type'] },
  whatsapp_sends: {
    exported: [
      'key',
      'chat_id',
      'text',
      'status',
      'error',
      'created_at',
      'sent_at',
      'delivered_at',
      'undelivered_at',
    ],
    erased: ['body_hash'],
    other: ['session_id', 'message_id', 'requested_at', 'requests', 'resends', 'resend_at'],
  },
  // The business' own number and LID.
  whatsapp_sessions: {
    other: [
      'id',
      'business_id',
      'wanted',
      'phone_number',
      'lid',
      'last_error',
      'last_error_at',
      'last_inbound_at',
      'last_outbound_at',
      'created_at',
    ],
  },
  write_probe: { other: ['filler'] },
};

/** SQL select list of a table's exported columns, except those in `leftOut`. */
export function exportedColumns(table: string, leftOut: readonly string[] = []): string {
  return exportedOf(table, leftOut)
    .map((column) => `${table}.${column}`)
    .join(', ');
}

/** The same columns as one JSON object. */
export function exportedObject(table: string, leftOut: readonly string[] = []): string {
  const fields = exportedOf(table, leftOut).map((column) => `'${column}', ${table}.${column}`);
  return `jsonb_build_object(${fields.join(', ')})`;
}

const exportedOf = (table: string, leftOut: readonly string[]): string[] =>
  (columnKinds[table]?.exported ?? []).filter((column) => !leftOut.includes(column));
