/** Whether a consumer works, and how that is known (`by`) or why not (`why`). */
export type ConsumerLiveness =
  | {
      readonly ok: true;
      /**
       * `job`: it took a job. `fetch`: its blocking fetch came back. `busy`: all its slots are busy within the jobs' time limit.
       * `paused` and `rate_limited`: it fetches nothing on purpose.
       */
      readonly by: 'job' | 'fetch' | 'busy' | 'paused' | 'rate_limited';
    }
  | { readonly ok: false; readonly why: string };

/**
 * Takes jobs from one queue and can tell whether it does. All times are ms of `performance.now()`, because the system clock may jump.
 * Disposing ends the observation.
 */
export interface Consumer extends Disposable {
  /** The queue's name. */
  readonly queue: string;
  /** When a job was taken last; `undefined` before the first one. */
  readonly lastJobAt: number | undefined;
  /** Resolves when the consumer has begun to take jobs. */
  ready(): Promise<void>;
  /** Whether it worked between `since` and `now`. */
  checkLiveness(since: number, now: number): ConsumerLiveness;
}
