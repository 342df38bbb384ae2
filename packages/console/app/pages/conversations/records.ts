/** Records of the REST api. Optional fields are missing in older releases. */
export interface Conversation {
  id: string;
  business_id: string;
  channel: string;
  session_id: string | null;
  contact: string;
  contact_name: string | null;
  state: 'agent' | 'waiting' | 'person' | 'closed';
  state_since: string;
  state_reason: string | null;
  person_id: string | null;
  person_name: string | null;
  person_until: string | null;
  unread: boolean;
  opted_out_at: string | null;
  last_message_at: string | null;
  last_message: Pick<Message, 'author' | 'status' | 'text'> | null;
  last_inbound_at: string | null;
}

export interface Message {
  id: string;
  direction: 'inbound' | 'outbound';
  author: string;
  person_id: string | null;
  person_name?: string | null;
  kind: string;
  status: string;
  reason: string | null;
  text: string;
  match?: { source: string; question?: string; reason?: string } | null;
  error: string | null;
  created_at: string;
  sent_at: string | null;
  delivered_at: string | null;
  read_at?: string | null;
}

export interface ChatEvent {
  id: string;
  at: string;
  event: string;
  to_state: string;
  reason: string | null;
  actor: string;
  person_id: string | null;
  person_name: string | null;
}

export interface Call {
  id: string;
  outcome: string | null;
  reason: string | null;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  recordings: unknown[];
}
