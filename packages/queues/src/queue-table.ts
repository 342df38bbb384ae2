import { Type, type Static, type TObject, type TString } from 'typebox';

const Uuid: TString = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
});

/** Payload of a job that answers or sends a message. */
export const MessageJob: TObject<{ messageId: TString; conversationId: TString; businessId: TString }> =
  Type.Object({
    messageId: Uuid,
    conversationId: Uuid,
    businessId: Type.String({ minLength: 1, maxLength: 63 }),
  });
export type MessageJob = Static<typeof MessageJob>;

/** Payload of a job that sends a notice by e-mail. */
export const NoticeJob: TObject<{ noticeId: TString; conversationId: TString; businessId: TString }> =
  Type.Object({
    noticeId: Uuid,
    conversationId: Uuid,
    businessId: Type.String({ minLength: 1, maxLength: 63 }),
  });
export type NoticeJob = Static<typeof NoticeJob>;

export interface QueueDefinition {
  payload: TObject;
  /** A worker lowers its concurrency down to this while its event loop is late. */
  minConcurrency: number;
  /** A job goes to the dead letter after this many failed attempts. */
  attempts: number;
  /** The delay doubles from `delayMs`; `jitter` is the share of it that is random. */
  backoff: { delayMs: number; jitter: number };
  /** Time limit of one attempt, after which the job's signal aborts. */
  timeLimitMs: number;
  /** How long and how many finished jobs BullMQ keeps, for operators to look at. */
  keepFinished: { ageSeconds: number; count: number };
}

/** Eight attempts, a second to a minute apart: two minutes in all, enough for the called service to restart. */
const messages: QueueDefinition = {
  payload: MessageJob,
  minConcurrency: 2,
  attempts: 8,
  backoff: { delayMs: 1000, jitter: 0.25 },
  timeLimitMs: 60_000,
  keepFinished: { ageSeconds: 3600, count: 1000 },
};

/** Eight attempts, five seconds to five minutes apart: ten minutes in all, enough for a mail server that greylists senders. */
const notices: QueueDefinition = {
  ...messages,
  payload: NoticeJob,
  minConcurrency: 1,
  backoff: { delayMs: 5000, jitter: 0.25 },
};

/**
 * Every kind of job, by the name of its queue. docs/extending.md says how to add one.
 *
 * Two fields of a payload are read elsewhere, too: API keys see the jobs of their `businessId`, and the erasure of a contact finds a job by
 * the contact's `conversationId`.
 */
export interface QueuePayloads {
  /** The agent answers a message. */
  'inbound-messages': MessageJob;
  /** A message is sent on WhatsApp. */
  'outbound-messages': MessageJob;
  /** A notice is sent to a person of the business by e-mail. Notices on WhatsApp are outbound messages. */
  notices: NoticeJob;
}
export type QueueName = keyof QueuePayloads;

export const queueTable: Readonly<Record<QueueName, QueueDefinition>> = {
  'inbound-messages': messages,
  'outbound-messages': messages,
  notices,
};

export const queueNames: readonly QueueName[] = Object.keys(queueTable) as QueueName[];

export function isQueueName(name: string): name is QueueName {
  return Object.hasOwn(queueTable, name);
}
