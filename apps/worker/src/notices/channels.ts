import { randomUUID } from 'node:crypto';
import {
  addJob,
  addNotice,
  openConversation,
  recordPersonMessage,
  type Queryable,
  type ReachablePerson,
  type ReleasedJob,
  type WaitingConversation,
} from '@prosaas/database';
import { noticeJob, outboundJob } from '@prosaas/queues';
import { REPLY_INSTRUCTIONS, noticeText } from './texts.ts';

interface Notice {
  person: ReachablePerson;
  conversation: WaitingConversation;
  kind: 'waiting' | 'reminder';
  messages: readonly string[];
  timeZone: string;
}

/** A way to notify people. The notice and its job are written in the transaction that decides to notify. */
interface NoticeChannel {
  /** Whether the channel reaches the person. */
  reaches(person: ReachablePerson, conversation: WaitingConversation): boolean;
  /** Writes the notice and the job that sends it. Returns the job if it was released at once. */
  write(tx: Queryable, notice: Notice): Promise<ReleasedJob | undefined>;
}

/** Sends an ordinary message to the person's number, through the session of the customer's conversation. */
const whatsapp: NoticeChannel = {
  reaches: ({ phone_number: number }, { session_id: sessionId }) => number !== null && sessionId !== null,
  async write(tx, { person, conversation, kind, messages, timeZone }) {
    const { business_id: businessId, session_id: sessionId, reason } = conversation;
    const contact = `${person.phone_number}@s.whatsapp.net`;
    const hers = await openConversation(tx, { businessId, sessionId: sessionId!, contact });
    const text = noticeText({ ...conversation, kind, messages, timeZone, instructions: REPLY_INSTRUCTIONS });
    const input = { id: randomUUID(), conversationId: hers.id, businessId, text, author: 'notice' } as const;
    const { message } = await recordPersonMessage(tx, input);
    const notice = { personId: person.id, channel: 'whatsapp', kind, reason, messageId: message.id };
    await addNotice(tx, { ...notice, conversationId: conversation.id });
    return addJob(tx, outboundJob(message));
  },
};

/** The text is generated when the e-mail is sent: see `jobs/notices.ts`. */
const email: NoticeChannel = {
  reaches: (person) => person.email !== null,
  async write(tx, { person, conversation, kind }) {
    const { id: conversationId, business_id, reason } = conversation;
    const notice = { conversationId, personId: person.id, channel: 'email', kind, reason };
    const id = await addNotice(tx, notice);
    return addJob(tx, noticeJob({ id, conversation_id: conversationId, business_id }));
  },
};

/** The configured channels. */
export const noticeChannels = ({ hasMail }: { hasMail: boolean }): readonly NoticeChannel[] =>
  hasMail ? [whatsapp, email] : [whatsapp];

export type NoticeChannels = ReturnType<typeof noticeChannels>;
