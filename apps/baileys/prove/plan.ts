export interface Plan {
  /** Customers' phones. Each sends and receives messages. */
  phones: number;
  /** Kills of the baileys process, one after the other. */
  kills: number;
  /** Time from one kill to the next. */
  killAfterMs: readonly [number, number];
  /** Pause between two texts from a phone, and between two texts to it. */
  pauseMs: readonly [number, number];
  /** Longest delay that is added to a commit of Signal keys. */
  slowCommitMs: number;
  /** Lifetimes of the client's device cache. Each process gets one of them. */
  deviceCacheMs: readonly number[];
  /** Maximum time from the recovery after the last kill until nothing is in progress. */
  restWithinMs: number;
  /** Runs without the fixes of the client's faults and without resends, for comparison. */
  withFaults: boolean;
}

const full: Plan = {
  phones: 6,
  kills: 20,
  killAfterMs: [4000, 9000],
  pauseMs: [50, 500],
  slowCommitMs: 30,
  deviceCacheMs: [300_000, 3000],
  restWithinMs: 5000,
  withFaults: false,
};
/** Duration of the full plan. */
const FULL_MINUTES = 2.5;

export function planOf(options: { short: boolean; minutes: number | undefined; withFaults: boolean }): Plan {
  const { short, minutes = FULL_MINUTES, withFaults } = options;
  // A test machine is busy with other tests.
  if (short)
    return { ...full, phones: 4, kills: 2, killAfterMs: [2500, 4500], restWithinMs: 25_000, withFaults };
  return { ...full, kills: Math.max(1, Math.round((full.kills * minutes) / FULL_MINUTES)), withFaults };
}
