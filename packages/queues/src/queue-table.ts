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

export interface QueuePayloads {
  /** A message came in: the agent answers what is unanswered in its conversation. */
  'inbound-messages': MessageJob;
  /** An answer stands ready: what is unsent in its conversation is sent. */
  'outbound-messages': MessageJob;
}
export type QueueName = keyof QueuePayloads;

export interface QueueDefinition {
  payload: TObject;
  /** Brings a payload that an older build put in to the form of today. What it makes is checked, what it throws is the reason of the refusal. */
  upgrade?: (old: unknown) => unknown;
  /** Jobs at once in one worker: what its setting allows, and down to this when its event loop gets late. */
  leastConcurrency: number;
  /** Of what its jobs do to others, all workers together: a job may do it more than once. */
  rateLimit?: { max: number; perMs: number };
  /** Always in a process of its own: for what computes so long that other jobs would wait for it. */
  isSandboxed?: boolean;
  attempts: number;
  /** Doubles from `delayMs`; `jitter` is the share of a delay that is drawn at random. */
  backoff: { delayMs: number; jitter: number };
  /** One attempt; the job's signal aborts then. */
  timeLimitMs: number;
  /** Completed jobs stay to be looked at, and to turn away repeats of their keys. Failed ones move to the dead letter. */
  keepCompleted: { ageSeconds: number; count: number };
}

/** Eight attempts, a second to a minute apart: two minutes in all, so that a restart of the service called is survived. */
const messages: QueueDefinition = {
  payload: MessageJob,
  leastConcurrency: 2,
  attempts: 8,
  backoff: { delayMs: 1000, jitter: 0.25 },
  timeLimitMs: 300_000,
  keepCompleted: { ageSeconds: 3600, count: 1000 },
};

/** The business queues: what they hold is counted, and what fails in them goes to the dead letter. */
export const queueTable: Readonly<Record<QueueName, QueueDefinition>> = {
  'inbound-messages': messages,
  // WhatsApp takes a flood of messages for an attack.
  'outbound-messages': { ...messages, rateLimit: { max: 100, perMs: 1000 } },
};

export const queueNames: readonly QueueName[] = Object.keys(queueTable) as QueueName[];

export function isQueueName(name: string): name is QueueName {
  return Object.hasOwn(queueTable, name);
}

/** Failed jobs wait here for a person; nothing consumes it, and it is not counted among the business queues. */
export const DEAD_LETTER = 'dead-letter';
