import type { Agent, Profile } from '@prosaas/agentkit';
import type { WaitingReason } from '@prosaas/conversations';
import type { Database, JobRow, NewJob, Queryable, ReleasedJob } from '@prosaas/database';
import type { QueueName, QueuePayloads } from '@prosaas/queues';
import { AppError, type Logger } from '@prosaas/runtime';
import type { BaileysClient } from './baileys-client.ts';
import type { Mailer } from './mailer.ts';

/** Passed to every `createHandler`. */
export interface JobDependencies {
  db: Database;
  agent: Agent;
  /** The same profile without a model: decides by rules alone. */
  rules: Agent;
  /** The one of the moment. */
  profile: () => Profile;
  baileys: BaileysClient;
  /** Undefined: no mail server is set up. */
  mailer: Mailer | undefined;
  limits: AnswerLimits;
}

/** Answers of the agent in one chat: whoever gets more is most likely a program that answers too. */
export interface AnswerLimits {
  /** Within `minutes`, at most; 0: any number. */
  count: number;
  minutes: number;
}

export const answerLimits = (config: {
  AGENT_MOST_ANSWERS: number;
  AGENT_MOST_ANSWERS_MINUTES: number;
}): AnswerLimits => ({ count: config.AGENT_MOST_ANSWERS, minutes: config.AGENT_MOST_ANSWERS_MINUTES });

/** The transaction that ends a job. */
interface ClosingTransaction extends Queryable {
  /** Writes a job that follows. */
  addJob(job: NewJob): Promise<void>;
}

/** One attempt at one job. */
interface JobRun<Q extends QueueName = QueueName> {
  row: JobRow;
  payload: QueuePayloads[Q];
  /** Aborts at the job's time limit and when the worker stops. */
  signal: AbortSignal;
  log: Logger;
  /**
   * Ends the job: what `write` does is committed with its end, or not at all. Throws `Superseded` where the job was ended or released
   * anew meanwhile.
   */
  close(write?: (tx: ClosingTransaction) => Promise<void>): Promise<void>;
  /** Reports the result of a transaction in which the handler closed the job itself. */
  closed(outcome: { wasOpen: boolean; released: readonly ReleasedJob[] }): void;
  /** Counts a conversation that waits for a person from now on, once the job is done. */
  handedOver(reason: WaitingReason): void;
}

/** Does one job of a queue. It may run twice for the same job: effects outside PostgreSQL must be idempotent. */
export type JobHandler<Q extends QueueName = QueueName> = (run: JobRun<Q>) => Promise<void>;

export type JobHandlers = { readonly [Q in QueueName]: JobHandler<Q> };

/** A worker of the previous release failed the message: the job fails with it and goes to the dead letter. */
export class MessageFailed extends AppError {
  override code = 'MESSAGE_FAILED';
}
