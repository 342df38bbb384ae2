import type { QueueName } from '@prosaas/queues';
import type { Verdict } from '../verdict.ts';

export interface SandboxedJob {
  id: string;
  queue: QueueName;
  payload: unknown;
  trace: string;
  lastAttempt: boolean;
  /** Unix ms. */
  dueAt: number;
}

/** From the worker to its sandbox. */
export type Order =
  | (SandboxedJob & { type: 'run' })
  | { type: 'abort'; id: string; because: 'stopping' | 'time' };

/** How it ended. The sandbox judges its errors itself: what they are does not survive the way. */
export interface Ended {
  type: 'ended';
  id: string;
  verdict?: Verdict;
  error?: string;
}

/** And back. */
export type Report =
  /** From now on it is the job's doing, whatever becomes of the process. */
  | { type: 'begun'; id: string }
  /** What the job works on from now on. */
  | { type: 'working'; id: string; messageId: string }
  | Ended;
