import type { QueueName } from '@prosaas/queues';
import type { Verdict } from '../verdict.ts';

/** From the worker to its sandbox. */
export type Order =
  | {
      type: 'run';
      id: string;
      queue: QueueName;
      payload: unknown;
      trace: string;
      lastAttempt: boolean;
      addedAt: number;
    }
  | { type: 'abort'; id: string; because: 'stopping' | 'time' };

/** And back: how a job ended. The sandbox judges its errors itself: what they are does not survive the way. */
export type Outcome = { id: string; verdict?: Verdict; error?: string };
