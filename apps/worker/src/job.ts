import type { Agent, Profile } from '@prosaas/agentkit';
import type { Database, JobRow, NewJob, Queryable, ReleasedJob } from '@prosaas/database';
import type { QueueName, QueuePayloads } from '@prosaas/queues';
import { AppError, type Logger } from '@prosaas/runtime';
import type { CountedEvent } from '@prosaas/telemetry';
import type { BaileysClient } from './baileys-client.ts';
import type { Mailer } from './mailer.ts';

/** Passed to every `createHandler`. */
export interface JobDependencies {
  db: Database;
  agent: Agent;
  /** An agent with the same profile and no model. */
  rules: Agent;
  /** The current profile; its file may change. */
  profile: () => Profile;
  baileys: BaileysClient;
  /** Undefined if no mail server is configured. */
  mailer: Mailer | undefined;
  limits: AnswerLimits;
}

/** Limits the agent's answers in one conversation: a contact that gets more is most likely an auto-responder. */
export interface AnswerLimits {
  /** Maximum within `minutes`; 0: no limit. */
  count: number;
  minutes: number;
}

export const answerLimits = (config: {
  AGENT_MOST_ANSWERS: number;
  AGENT_MOST_ANSWERS_MINUTES: number;
}): AnswerLimits => ({ count: config.AGENT_MOST_ANSWERS, minutes: config.AGENT_MOST_ANSWERS_MINUTES });

/** The transaction that completes a job. */
interface CompletingTransaction extends Queryable {
  /** Adds a job that follows from this one. */
  addJob(job: NewJob): Promise<void>;
  /** Counts an event once the transaction is committed. */
  count(event: CountedEvent): void;
}

/** One attempt at one job. */
interface JobRun<Q extends QueueName = QueueName> {
  row: JobRow;
  payload: QueuePayloads[Q];
  /** Aborts at the job's time limit and when the worker stops. */
  signal: AbortSignal;
  log: Logger;
  /**
   * Completes the job and commits what `write` does in the same transaction. Throws `Superseded` if the job has ended or was released again
   * meanwhile.
   */
  complete(write?: (tx: CompletingTransaction) => Promise<void>): Promise<void>;
  /** Reports the result of a transaction in which the handler completed the job without `complete`. */
  reportCompleted(outcome: { wasOpen: boolean; released: readonly ReleasedJob[] }): void;
}

/** Runs one job of a queue. It may run twice for the same job, so effects outside PostgreSQL must be idempotent. */
export type JobHandler<Q extends QueueName = QueueName> = (run: JobRun<Q>) => Promise<void>;

export type JobHandlers = { readonly [Q in QueueName]: JobHandler<Q> };

/** A worker of a previous version has marked the message as failed: the job fails too, and goes to the dead letter. */
export class MessageFailed extends AppError {
  override code = 'MESSAGE_FAILED';
}
