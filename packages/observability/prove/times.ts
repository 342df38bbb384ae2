import type { ProtocolTimes } from '../src/metrics/times.ts';

/** A fifth of what the product uses, so that lapsed leases and tombstones fit into minutes. */
export const LEASE_MS = 2000;
export const INTERVAL_MS = 200;
export const TIMES: ProtocolTimes = {
  limitMs: 400,
  freshMs: 600,
  giveUpMs: 2000,
  tombstoneMs: 4000,
  maxRollbackMs: 20_000,
};

/** Redis' AOF is put back to what it was this long ago. */
export const ROLLBACK_MS = 1000;
