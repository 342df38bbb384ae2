/** Why a consumer counts as working, or why not. */
export type Proof =
  | { readonly ok: true; readonly by: 'job' | 'fetch' | 'busy' | 'paused' | 'rate_limited' }
  | { readonly ok: false; readonly why: string };

/** Something that takes jobs from one queue and can prove that it does. Times are ms of `performance.now()`: a clock that jumps proves nothing. */
export interface Consumer extends Disposable {
  readonly queue: string;
  /** When a job was taken last. */
  readonly lastJobAt: number | undefined;
  /** Resolves when it takes jobs. */
  ready(): Promise<void>;
  prove(since: number, now: number): Proof;
}
