export type CheckStatus = 'pass' | 'warn' | 'fail';

/** What a check that did not throw has to say; nothing is a plain pass. */
export interface CheckReport {
  readonly status?: 'pass' | 'warn';
  /** A short code, for a warning: `unknown_migration`. */
  readonly reason?: string;
  /** For everyone: counts and codes. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Only for those who may see details: addresses, versions, texts. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface CheckDefinition {
  /** Letters, digits, `_`, `-` and `.`: it stands in paths and lines. */
  readonly name: string;
  readonly componentType: 'datastore' | 'component' | 'system';
  /** What `application/health+json` calls the component, such as `postgres`; the check's name unless given. */
  readonly component?: string;
  readonly timeoutMs?: number;
  /**
   * Passes by returning, fails by throwing. Should stop when the signal aborts: its time is up. A `CheckFailure` that it
   * throws at that very moment is taken as its result: it knows best what it was waiting for.
   */
  run(signal: AbortSignal): Promise<CheckReport | void> | CheckReport | void;
}

/** The outcome of one run. Times: `at` is Unix ms by the registry's clock. */
export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** A short code; always there on a failure. */
  readonly reason?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly detail: Readonly<Record<string, unknown>>;
  /** What went wrong, in words that are not for strangers. */
  readonly error?: string;
  readonly at: number;
  readonly durationMs: number;
  /** There is no result yet, or only one that is too old. */
  readonly unknown?: true;
}

/** Thrown by a check that knows why it fails, by a short code that strangers may see. */
export class CheckFailure extends Error {
  override name = 'CheckFailure';
  readonly reason: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    reason: string,
    {
      cause,
      facts = {},
      detail = {},
    }: { cause?: unknown; facts?: CheckReport['facts']; detail?: CheckReport['detail'] } = {},
  ) {
    super(
      cause instanceof Error ? `${reason}: ${cause.message}` : reason,
      cause === undefined ? {} : { cause },
    );
    this.reason = reason;
    this.facts = facts;
    this.detail = detail;
  }
}
