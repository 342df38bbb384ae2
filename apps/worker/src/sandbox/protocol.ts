import type { QueueName } from '@prosaas/queues';
import type { Verdict } from '../verdict.ts';

export interface SandboxedJob {
  id: string;
  queue: QueueName;
  payload: unknown;
  trace: string;
  lastAttempt: boolean;
  /** Unix ms. */
  addedAt: number;
}

/** From the worker to its sandbox. */
export type Order =
  | (SandboxedJob & { type: 'run' })
  | { type: 'abort'; id: string; because: 'stopping' | 'time' };

/** And back: how a job ended. The sandbox judges its errors itself: what they are does not survive the way. */
export type Outcome = { id: string; verdict?: Verdict; error?: string };
