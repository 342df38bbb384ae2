/** When the lines of a trouble are due, in milliseconds. */
export interface OutageTimes {
  /** An expected wait: until it has worked once, and when a trouble comes back within `repeatMs`. */
  waitMs: number;
  /** A trouble that is over sooner is not told. */
  settleMs: number;
  /** Between two lines while it lasts. */
  repeatMs: number;
}

/** All times are those of one clock, in milliseconds. */
export interface OutageState {
  hasWorked: boolean;
  /** Failing since; undefined while all is well. */
  since: number | undefined;
  /** The last line about what is failing now. */
  toldAt: number | undefined;
  /** The end of the last trouble that was told. */
  endedAt: number | undefined;
}

export type OutageEvent = 'failed' | 'worked' | 'look';
type OutageLine = 'waiting' | 'begins' | 'lasts' | 'ends';

export interface OutageStep {
  state: OutageState;
  /** The line to write now. */
  line?: OutageLine;
  /** When to look again, should nothing happen until then. */
  lookAt?: number;
}

export const NO_OUTAGE: OutageState = {
  hasWorked: false,
  since: undefined,
  toldAt: undefined,
  endedAt: undefined,
};

/**
 * One line when a trouble starts, one each `repeatMs` while it lasts, one when it ends. `isExplained`: a dependency that is away
 * has lines of its own; what fails because of it waits with its own until that is over.
 */
export function stepOutage(
  state: OutageState,
  event: OutageEvent,
  { now, times, isExplained = false }: { now: number; times: OutageTimes; isExplained?: boolean },
): OutageStep {
  const { since = event === 'failed' ? now : undefined, toldAt, endedAt, hasWorked } = state;
  if (event === 'worked') {
    const told = toldAt !== undefined;
    return {
      state: { ...NO_OUTAGE, hasWorked: true, endedAt: told ? now : endedAt },
      ...(told && { line: 'ends' }),
    };
  }
  if (since === undefined) return { state };
  const failing = { ...state, since };
  const isReturning = endedAt !== undefined && since - endedAt < times.repeatMs;
  const firstDue = since + (!hasWorked || isReturning ? times.waitMs : times.settleMs);
  const due = toldAt === undefined ? firstDue : toldAt + times.repeatMs;
  if (now < due) return { state: failing, lookAt: due };
  if (isExplained) return { state: failing, lookAt: now + times.waitMs };
  const first = hasWorked ? 'begins' : 'waiting';
  return {
    state: { ...failing, toldAt: now },
    line: toldAt === undefined ? first : 'lasts',
    lookAt: now + times.repeatMs,
  };
}
