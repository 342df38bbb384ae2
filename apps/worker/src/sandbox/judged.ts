import { AppError } from '@prosaas/runtime';
import type { Verdict } from '../verdict.ts';

/** An error of a job in the sandbox, with what was decided there. Its text is that of the job's error. */
export class Judged extends Error {
  override name = 'Judged';
  readonly verdict: Verdict;

  constructor(text: string, verdict: Verdict) {
    super(text);
    this.verdict = verdict;
  }
}

/** The process of a job that had been set apart ended under it: what it worked on is the cause. */
export class Poison extends AppError {
  override code = 'POISON';
  /** The message that it worked on, which may be another job's of the conversation. */
  readonly messageId: string | undefined;

  constructor(text: string, messageId: string | undefined) {
    super(text);
    this.messageId = messageId;
  }
}
