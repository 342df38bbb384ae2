import { errorReason } from './error-reason.ts';
import type { Logger } from './logger.ts';
import { type OutageEvent, type OutageState, type OutageTimes, stepOutage, NO_OUTAGE } from './outage.ts';

/**
 * Shared by all outages of the process; tests shorten them. `recoveryMs`: how long the rest of the service may take to recover once a
 * dependency is back.
 */
export const outageTimes = { waitMs: 5000, repeatMs: 60_000, recoveryMs: 15_000 };

// An outage of a dependency is logged first, which suppresses the lines of everything that fails because of it.
const DEPENDENCY_DEBOUNCE_MS = 300;
const DEFAULT_DEBOUNCE_MS = 1000;

export interface OutageTexts {
  /** Logged while it has not worked since the process started: `waiting for PostgreSQL`. */
  waiting: string;
  begins: string;
  ends: string;
  /** PostgreSQL or Redis: while it is down, and for `recoveryMs` after, the service's other outages are not logged. */
  isDependency?: boolean;
  /** Happens only while a service starts, so it is always an expected wait. */
  isStartUp?: boolean;
  /** Delay of the first line of an expected wait; default 5 s. */
  waitMs?: number;
  /** `false`: only the start and the end are logged. */
  repeats?: boolean;
}

const outages = new WeakMap<Logger, Map<string, OutageLog>>();

/** The log of one kind of outage. Callers with the same logger and the same `begins` text share it, and so its lines. */
export function outageLog(log: Logger, texts: OutageTexts): OutageLog {
  let known = outages.get(log);
  if (known === undefined) outages.set(log, (known = new Map()));
  let outage = known.get(texts.begins);
  if (outage === undefined) known.set(texts.begins, (outage = new OutageLog(log, texts)));
  return outage;
}

/**
 * Logs that something fails, without a line for each failure and without a stack. An expected wait is logged after 5 s. An outage is
 * logged when it starts, once a minute while it lasts, and with its duration when it ends.
 */
export class OutageLog {
  readonly #log: Logger;
  readonly #texts: OutageTexts;
  readonly #failing = new Map<unknown, { error: unknown; fields: object }>();
  #state: OutageState = NO_OUTAGE;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, texts: OutageTexts) {
    this.#log = log;
    this.#texts = texts;
  }

  get isActive(): boolean {
    return this.#state.since !== undefined;
  }

  get hasWorked(): boolean {
    return this.#state.hasWorked;
  }

  /** `source`: one of several that fail independently. The outage ends when none of them fails any more. */
  failed(error: unknown, { source = this, fields = {} }: { source?: unknown; fields?: object } = {}): void {
    this.#failing.set(source, { error, fields });
    this.#step('failed');
  }

  worked(source: unknown = this): void {
    if (this.#state.hasWorked && !this.isActive) return;
    this.#failing.delete(source);
    if (this.#failing.size === 0) this.#step('worked');
  }

  /** Removes a source that no longer exists. Without another failing source, the outage ends without a line. */
  forget(source: unknown = this): void {
    if (!this.#failing.delete(source) || this.#failing.size > 0) return;
    clearTimeout(this.#timer);
    this.#state = { ...this.#state, since: undefined, loggedAt: undefined };
  }

  #step(event: OutageEvent): void {
    const now = performance.now();
    const { since = now } = this.#state;
    const { state, line, checkAt } = stepOutage(this.#state, event, {
      now,
      times: this.#times,
      isSuppressed: this.#isSuppressed(),
    });
    this.#state = this.#texts.isStartUp === true ? { ...state, hasWorked: false } : state;
    clearTimeout(this.#timer);
    if (checkAt !== undefined && checkAt < Infinity)
      this.#timer = setTimeout(() => this.#step('check'), checkAt - now).unref();
    if (line === undefined) return;
    const { waiting, begins, ends } = this.#texts;
    const seconds = Math.round((now - since) / 100) / 10;
    if (line === 'ends') {
      this.#log.info({ seconds }, ends);
      return;
    }
    const [first] = this.#failing.values();
    const fields = { ...first?.fields, ...errorReason(first?.error) };
    const text = state.hasWorked ? begins : waiting;
    if (line === 'begins') this.#log.warn(fields, text);
    else if (line === 'waiting') this.#log.info({ ...fields, seconds }, text);
    else this.#log.warn({ ...fields, seconds }, `still: ${text}`);
  }

  get #times(): OutageTimes {
    const { isDependency = false, repeats = true, waitMs = outageTimes.waitMs } = this.#texts;
    return {
      waitMs,
      debounceMs: isDependency ? DEPENDENCY_DEBOUNCE_MS : DEFAULT_DEBOUNCE_MS,
      repeatMs: repeats ? outageTimes.repeatMs : Infinity,
    };
  }

  #isSuppressed(): boolean {
    if (this.#texts.isDependency === true) return false;
    const others = outages.get(this.#log)?.values() ?? [];
    return [...others].some((other) => other.#texts.isDependency === true && other.#suppressesOthers());
  }

  #suppressesOthers(): boolean {
    const { endedAt } = this.#state;
    return this.isActive || (endedAt !== undefined && performance.now() - endedAt < outageTimes.recoveryMs);
  }
}
