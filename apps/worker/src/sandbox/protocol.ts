import type { QueueName } from '@prosaas/queues';
import type { Verdict } from '../verdict.ts';

export interface SandboxedJob {
  id: string;
  queue: QueueName;
  payload: unknown;
  /** The worker holds the job's lock by it. */
  token: string;
  trace: string;
  lastAttempt: boolean;
  /** Unix ms. */
  dueAt: number;
}

/** From the worker to its sandbox. */
export type Order =
  | (SandboxedJob & { type: 'run' })
  | { type: 'abort'; id: string; because: 'stopping' | 'time' };

/** And back: how it ended. The sandbox judges its errors itself: what they are does not survive the way. */
export interface Ended {
  id: string;
  verdict?: Verdict;
  error?: string;
  /** It has notes to take back in Redis first, and should not be ended. */
  isOwing: boolean;
}
