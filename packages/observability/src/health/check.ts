export type CheckStatus = 'pass' | 'warn' | 'fail';

/** What a check returns when it passes. Returning nothing is a plain pass. */
export interface CheckReport {
  /** `pass` by default. */
  readonly status?: 'pass' | 'warn';
  /** A short code for a warning, such as `unknown_migration`. */
  readonly reason?: string;
  /** Counts and codes that every caller of a probe may see. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Addresses, versions and texts, for callers who may see details. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface CheckDefinition {
  /** Letters, digits, `_`, `-` and `.`: the name is part of paths and of lines of text. */
  readonly name: string;
  readonly componentType: 'datastore' | 'component' | 'system';
  /** The component's name in `application/health+json`, such as `postgres`; the check's name by default. */
  readonly component?: string;
  /** Time limit of one run; the registry's `timeoutMs` by default. */
  readonly timeoutMs?: number;
  /**
   * Passes by returning and fails by throwing. It should stop when the signal aborts, which means that its time is up. A `CheckFailure`
   * that it throws right then becomes its result, because only the check knows what it was waiting for.
   */
  run(signal: AbortSignal): Promise<CheckReport | void> | CheckReport | void;
}

/** The outcome of one run. */
export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** A short code; always present on a failure. */
  readonly reason?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly detail: Readonly<Record<string, unknown>>;
  /** The error's text, for callers who may see details. */
  readonly error?: string;
  /** When the run ended: Unix ms by the registry's clock. */
  readonly at: number;
  readonly durationMs: number;
  /** Present when there is no result yet, or only one that is too old. */
  readonly unknown?: true;
}

/** An error with a short code that every caller of a probe may see. Thrown by checks that know why they fail. */
export class CheckFailure extends Error {
  override name = 'CheckFailure';
  readonly reason: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly detail: Readonly<Record<string, unknown>>;

  /** @param reason the code, such as `pending_migrations` */
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
