import { errorReason } from './error-reason.ts';
import type { Logger } from './logger.ts';
import { type OutageEvent, type OutageState, type OutageTimes, stepOutage, NO_OUTAGE } from './outage.ts';

/** Shared by all troubles of the process; tests shorten them. `aftermathMs`: what a dependency broke may take to mend once it is back. */
export const outageTimes = { waitMs: 5000, repeatMs: 60_000, aftermathMs: 15_000 };

/** Dependencies are told first, so that what fails because of them need not be. */
const dependencySettleMs = 300;
const dependentSettleMs = 1000;

export interface OutageTexts {
  /** While it has not worked since the start: `waiting for PostgreSQL`. */
  waiting: string;
  begins: string;
  ends: string;
  /** PostgreSQL or Redis: while it is away, and shortly after, the service's other troubles are not told. */
  isDependency?: boolean;
  /** Only services that start wait for it: it is always an expected wait. */
  isStart?: boolean;
  /** Of an expected wait, where it is not 5 s. */
  waitMs?: number;
  /** `false`: only its start and its end are told. */
  repeats?: boolean;
}

const outages = new WeakMap<Logger, Map<string, OutageLog>>();

/** The trouble of a service: everyone who meets the same one, by its text and the service's logger, shares its lines. */
export function outageLog(log: Logger, texts: OutageTexts): OutageLog {
  let known = outages.get(log);
  if (known === undefined) outages.set(log, (known = new Map()));
  let outage = known.get(texts.begins);
  if (outage === undefined) known.set(texts.begins, (outage = new OutageLog(log, texts)));
  return outage;
}

/**
 * Says that something fails without a line for each failure, and without a stack: an expected wait once after 5 s; a trouble when
 * it starts, once a minute while it lasts, and when it ends, with its duration.
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

  /** It does not work now. */
  get isActive(): boolean {
    return this.#state.since !== undefined;
  }

  get hasWorked(): boolean {
    return this.#state.hasWorked;
  }

  /** `source`: one of several that fail by themselves; the trouble is over when the last one works. */
  failed(error: unknown, { source = this, fields = {} }: { source?: unknown; fields?: object } = {}): void {
    this.#failing.set(source, { error, fields });
    this.#step('failed');
  }

  worked(source: unknown = this): void {
    if (this.#state.hasWorked && !this.isActive) return;
    this.#failing.delete(source);
    if (this.#failing.size === 0) this.#step('worked');
  }

  /** The source is gone: nobody waits for it any more. */
  forget(source: unknown = this): void {
    if (!this.#failing.delete(source) || this.#failing.size > 0) return;
    clearTimeout(this.#timer);
    this.#state = { ...this.#state, since: undefined, toldAt: undefined };
  }

  #step(event: OutageEvent): void {
    const now = performance.now();
    const { since = now } = this.#state;
    const { state, line, lookAt } = stepOutage(this.#state, event, {
      now,
      times: this.#times,
      isExplained: this.#isExplained(),
    });
    this.#state = this.#texts.isStart === true ? { ...state, hasWorked: false } : state;
    clearTimeout(this.#timer);
    if (lookAt !== undefined && lookAt < Infinity)
      this.#timer = setTimeout(() => this.#step('look'), lookAt - now).unref();
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
      settleMs: isDependency ? dependencySettleMs : dependentSettleMs,
      repeatMs: repeats ? outageTimes.repeatMs : Infinity,
    };
  }

  #isExplained(): boolean {
    if (this.#texts.isDependency === true) return false;
    const others = outages.get(this.#log)?.values() ?? [];
    return [...others].some((other) => other.#texts.isDependency === true && other.#explains());
  }

  #explains(): boolean {
    const { endedAt } = this.#state;
    return this.isActive || (endedAt !== undefined && performance.now() - endedAt < outageTimes.aftermathMs);
  }
}
