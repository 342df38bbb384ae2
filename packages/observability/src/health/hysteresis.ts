/** How many results in a row it takes to change the state of a check: the thresholds of Kubernetes' probes. */
export interface Hysteresis {
  /** Failures in a row after which a passing check counts as failed. */
  readonly failureThreshold: number;
  /** Passes in a row after which a failed check counts as passing again. */
  readonly successThreshold: number;
}

/** The state of one check, after hysteresis. */
export interface HysteresisState {
  readonly ok: boolean;
  /** How many results in a row contradict `ok`. */
  readonly contrary: number;
}

/** The state after one more result. The first result ever decides at once. */
export function applyHysteresis(
  state: HysteresisState | undefined,
  ok: boolean,
  { failureThreshold, successThreshold }: Hysteresis,
): HysteresisState {
  if (!state || state.ok === ok) return { ok, contrary: 0 };
  const contrary = state.contrary + 1;
  const threshold = ok ? successThreshold : failureThreshold;
  return contrary >= threshold ? { ok, contrary: 0 } : { ok: state.ok, contrary };
}
