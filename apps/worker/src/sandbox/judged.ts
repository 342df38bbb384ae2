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
