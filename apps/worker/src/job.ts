import type { Agent } from '@prosaas/agentkit';
import type { Database, JobRow, NewJob, Queryable, ReleasedJob } from '@prosaas/database';
import type { QueueName, QueuePayloads } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { BaileysClient } from './baileys-client.ts';

/** What handlers are built from. */
export interface JobDependencies {
  db: Database;
  agent: Agent;
  /** The same profile without a model: what rules decide, decided without asking anybody. */
  rules: Agent;
  baileys: BaileysClient;
}

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
  /** For a handler that closed the job in a transaction of its own: whether it was there, and what that released. */
  closed(outcome: { wasOpen: boolean; released: readonly ReleasedJob[] }): void;
}

/** Does the jobs of one queue. It may run twice for one job, so whatever it does outside PostgreSQL has to bear that. */
export type JobHandler<Q extends QueueName = QueueName> = (run: JobRun<Q>) => Promise<void>;

export type JobHandlers = { readonly [Q in QueueName]: JobHandler<Q> };
