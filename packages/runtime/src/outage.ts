/** When the log lines of an outage are due, in milliseconds. */
export interface OutageTimes {
  /** Delay of the first line while nothing has worked since the start, or when an outage recurs within `repeatMs`. */
  waitMs: number;
  /** A shorter outage is not logged. */
  debounceMs: number;
  /** Between two lines while the outage lasts. */
  repeatMs: number;
}

/** All times are those of one clock, in milliseconds. */
export interface OutageState {
  /** Whether it has worked since the process started. */
  hasWorked: boolean;
  /** Start of the current outage; undefined while all is well. */
  since: number | undefined;
  /** Time of the last line about the current outage. */
  loggedAt: number | undefined;
  /** End of the last outage that was logged. */
  endedAt: number | undefined;
}

/** `check`: the timer of `checkAt` fired. */
export type OutageEvent = 'failed' | 'worked' | 'check';
type OutageLine = 'waiting' | 'begins' | 'lasts' | 'ends';

export interface OutageStep {
  state: OutageState;
  /** The line to write now. */
  line?: OutageLine;
  /** When to send the next `check` event, unless another event comes first. */
  checkAt?: number;
}

export const NO_OUTAGE: OutageState = {
  hasWorked: false,
  since: undefined,
  loggedAt: undefined,
  endedAt: undefined,
};

/**
 * Decides which line to log: one when an outage starts, one each `repeatMs` while it lasts, one when it ends. `isSuppressed`: a
 * dependency is down and has lines of its own, so this outage is logged only if it outlasts the dependency's.
 */
export function stepOutage(
  state: OutageState,
  event: OutageEvent,
  { now, times, isSuppressed = false }: { now: number; times: OutageTimes; isSuppressed?: boolean },
): OutageStep {
  const { since = event === 'failed' ? now : undefined, loggedAt, endedAt, hasWorked } = state;
  if (event === 'worked') {
    const wasLogged = loggedAt !== undefined;
    return {
      state: { ...NO_OUTAGE, hasWorked: true, endedAt: wasLogged ? now : endedAt },
      ...(wasLogged && { line: 'ends' }),
    };
  }
  if (since === undefined) return { state };
  const failing = { ...state, since };
  const isRecurring = endedAt !== undefined && since - endedAt < times.repeatMs;
  const firstDue = since + (!hasWorked || isRecurring ? times.waitMs : times.debounceMs);
  const due = loggedAt === undefined ? firstDue : loggedAt + times.repeatMs;
  if (now < due) return { state: failing, checkAt: due };
  if (isSuppressed) return { state: failing, checkAt: now + times.waitMs };
  const first = hasWorked ? 'begins' : 'waiting';
  return {
    state: { ...failing, loggedAt: now },
    line: loggedAt === undefined ? first : 'lasts',
    checkAt: now + times.repeatMs,
  };
}
