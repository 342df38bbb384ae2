export interface Plan {
  /** Customers, each writing and being written to. */
  phones: number;
  /** Of the baileys process, one after the other. */
  kills: number;
  /** From one kill to the next. */
  killAfterMs: readonly [number, number];
  /** Between two texts of one phone, and between two texts to it. */
  pauseMs: readonly [number, number];
  /** By how much commits of keys are slower. */
  slowCommitMs: number;
  /** How long the client remembers the devices of a contact: each process one of them. */
  deviceCacheMs: readonly number[];
  /** In which everything has to be over after the last kill is mended. */
  restWithinMs: number;
  /** Leaves the client's faults as they are, and the net beneath it away: what it was like before. */
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
/** What the full plan takes. */
const FULL_MINUTES = 2.5;

export function planOf(options: { short: boolean; minutes: number | undefined; withFaults: boolean }): Plan {
  const { short, minutes = FULL_MINUTES, withFaults } = options;
  // The machine of a test does other things too.
  if (short)
    return { ...full, phones: 4, kills: 2, killAfterMs: [2500, 4500], restWithinMs: 25_000, withFaults };
  return { ...full, kills: Math.max(1, Math.round((full.kills * minutes) / FULL_MINUTES)), withFaults };
}
