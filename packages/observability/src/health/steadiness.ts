/** How many results in a row it takes to turn. */
export interface Hysteresis {
  readonly bad: number;
  readonly good: number;
}

/** One check as a readiness probe sees it. */
export interface Steadiness {
  readonly ok: boolean;
  /** Results in a row that say otherwise. */
  readonly against: number;
}

/** The next state after a result. The first result ever decides at once. */
export function settle(state: Steadiness | undefined, ok: boolean, { bad, good }: Hysteresis): Steadiness {
  if (!state || state.ok === ok) return { ok, against: 0 };
  const against = state.against + 1;
  return against >= (ok ? good : bad) ? { ok, against: 0 } : { ok: state.ok, against };
}
