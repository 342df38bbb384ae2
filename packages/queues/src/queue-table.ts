import { Type, type Static, type TObject, type TString } from 'typebox';

const Uuid: TString = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
});

/** A message whose turn has come: to be answered, or to be sent. */
export const MessageJob: TObject<{ messageId: TString; conversationId: TString; businessId: TString }> =
  Type.Object({
    messageId: Uuid,
    conversationId: Uuid,
    businessId: Type.String({ minLength: 1, maxLength: 63 }),
  });
export type MessageJob = Static<typeof MessageJob>;

/** A notice that goes by e-mail. */
export const NoticeJob: TObject<{ noticeId: TString; conversationId: TString; businessId: TString }> =
  Type.Object({
    noticeId: Uuid,
    conversationId: Uuid,
    businessId: Type.String({ minLength: 1, maxLength: 63 }),
  });
export type NoticeJob = Static<typeof NoticeJob>;

export interface QueueDefinition {
  payload: TObject;
  /** Jobs at once in one worker: what its setting allows, and down to this when its event loop is late. */
  minConcurrency: number;
  /** Failures of its own after which a job goes to the dead letter. */
  attempts: number;
  /** Doubles from `delayMs`; `jitter` is the share of a delay that is drawn at random. */
  backoff: { delayMs: number; jitter: number };
  /** One attempt; the job's signal aborts then. */
  timeLimitMs: number;
  /** BullMQ's record of jobs that ended, for people who look at the queue. */
  keepFinished: { ageSeconds: number; count: number };
}

/** Eight attempts, a second to a minute apart: two minutes in all, so that a restart of the service called is survived. */
const messages: QueueDefinition = {
  payload: MessageJob,
  minConcurrency: 2,
  attempts: 8,
  backoff: { delayMs: 1000, jitter: 0.25 },
  timeLimitMs: 60_000,
  keepFinished: { ageSeconds: 3600, count: 1000 },
};

/** Eight attempts, five seconds to five minutes apart: ten minutes in all, as mail servers put off strangers for some. */
const notices: QueueDefinition = {
  ...messages,
  payload: NoticeJob,
  minConcurrency: 1,
  backoff: { delayMs: 5000, jitter: 0.25 },
};

/** Every kind of job, by the name of its queue. What does it is the worker's `jobs/<name>.ts`. */
export interface QueuePayloads {
  /** A message came in: the agent answers it. */
  'inbound-messages': MessageJob;
  /** An answer stands ready: it is sent. */
  'outbound-messages': MessageJob;
  /** A person of a business is told of something by e-mail. Notices by WhatsApp are outbound messages. */
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
