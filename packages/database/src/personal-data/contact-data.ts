import type { ListedCall } from '../calls/call-repository.ts';
import {
  type ContactQuery,
  findContact,
  JOB_OF_CONTACT,
  OF_CALLER,
  TO_CONTACT,
  WITH_CONTACT,
} from './contact-search.ts';
import type { Queryable } from '../database.ts';
import type { FailedAttempt } from '../jobs/job-failure-repository.ts';
import { exportedColumns, exportedObject } from './column-kinds.ts';

interface ContactConversation {
  id: string;
  business_id: string;
  channel: string;
  contact: string;
  alternate_contact: string | null;
  contact_name: string | null;
  handed_off_at: Date | null;
  hand_off_reason: string | null;
  opted_out_at: Date | null;
  last_message_at: Date | null;
  created_at: Date;
  state: string;
  state_since: Date;
  state_reason: string | null;
  person_until: Date | null;
  last_inbound_at: Date | null;
  read_at: Date | null;
  events: {
    at: string;
    event: string;
    from_state: string;
    to_state: string;
    reason: string | null;
    actor: string;
  }[];
  /** Notices to people of the business. */
  notices: {
    channel: string;
    kind: string;
    reason: string | null;
    created_at: string;
    sent_at: string | null;
  }[];
  messages: {
    direction: string;
    author: string | null;
    kind: string;
    status: string;
    reason: string | null;
    text: string;
    error: string | null;
    address: string | null;
    created_at: string;
    sent_at: string | null;
    delivered_at: string | null;
  }[];
  /** Messages that the agent did not understand. */
  unanswered_questions: { text: string; language: string | null; created_at: string }[];
}

/** A received message that is not among the messages. */
interface ContactUnstored {
  id: string;
  business_id: string;
  contact: string;
  alternate_contact: string | null;
  status: string;
  reason: string;
  received_at: Date;
  /** The received JSON, with the content as a base64 protobuf message; null for a placeholder. */
  raw: string | null;
}

/** A send to a WhatsApp address, kept for repeats. */
interface ContactSend {
  key: string;
  chat_id: string;
  text: string;
  status: string;
  error: string | null;
  created_at: Date;
  sent_at: Date | null;
  delivered_at: Date | null;
  undelivered_at: Date | null;
}

/** An open or failed job about the contact. */
interface ContactJob {
  queue: string;
  payload: unknown;
  run_at: Date;
  failed_at: Date | null;
  failure: string | null;
  failures: FailedAttempt[];
  created_at: Date;
}

type ContactCall = Omit<ListedCall, 'position'>;

export interface ContactData {
  /** The contact's names as the records spell them. */
  names: string[];
  conversations: ContactConversation[];
  unstored_messages: ContactUnstored[];
  sends: ContactSend[];
  jobs: ContactJob[];
  /** Uses of the admin key that name the contact. The audit log belongs to no business: empty for one business. */
  audit_log: { target: string }[];
  /** Each with its recordings, without their audio: see `findRecordingAudio`. */
  calls: ContactCall[];
}

/** Everything stored about a contact, except encryption keys. */
export async function exportContact(db: Queryable, query: ContactQuery): Promise<ContactData> {
  const { names, mention } = await findContact(db, query);
  const business = query.businessId ?? null;
  const conversations = await db.query<ContactConversation>(
    `select id, business_id, ${exportedColumns('conversations')},
       coalesce((select jsonb_agg(${exportedObject('messages')} order by messages.seq)
         from messages where conversation_id = conversations.id), '[]') as messages,
       coalesce((select jsonb_agg(${exportedObject('conversation_events')} order by conversation_events.id)
         from conversation_events where conversation_id = conversations.id), '[]') as events,
       coalesce((select jsonb_agg(${exportedObject('notices')} order by notices.created_at, notices.id)
         from notices where conversation_id = conversations.id), '[]') as notices,
       coalesce((select jsonb_agg(${exportedObject('unanswered_questions')} order by messages.seq)
         from unanswered_questions join messages on messages.id = message_id
         where conversation_id = conversations.id), '[]') as unanswered_questions
     from conversations where ${WITH_CONTACT} order by created_at, id`,
    [names, business],
  );
  return {
    names,
    conversations,
    unstored_messages: await db.query(
      `select id, business_id, ${exportedColumns('unstored_messages', ['raw'])}, convert_from(raw, 'UTF8') as raw
       from unstored_messages where ${WITH_CONTACT} order by received_at, id`,
      [names, business],
    ),
    sends: await db.query(
      `select ${exportedColumns('whatsapp_sends')} from whatsapp_sends where ${TO_CONTACT} order by created_at, key`,
      [names, business],
    ),
    jobs: await db.query(
      `select ${exportedColumns('jobs')} from jobs where ${JOB_OF_CONTACT} order by jobs.id`,
      [conversations.map(({ id }) => id), business, mention],
    ),
    audit_log:
      business === null
        ? await db.query(
            `select ${exportedColumns('audit_log')} from audit_log where target ~* $1 order by id`,
            [mention],
          )
        : [],
    calls: await db.query(
      `select id, business_id, ${exportedColumns('calls')},
         coalesce((select jsonb_agg(${exportedObject('recordings', ['audio'])} || jsonb_build_object('id', id)
             order by created_at, id)
           from recordings where call_id = calls.id), '[]') as recordings
       from calls where ${OF_CALLER} order by started_at, id`,
      [names, business],
    ),
  };
}
