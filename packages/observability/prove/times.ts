import type { ProtocolTimes } from '../src/metrics/times.ts';

/** A fifth of the product's times, so that leases and tombstones expire within minutes. */
export const LEASE_MS = 2000;
export const INTERVAL_MS = 200;
export const TIMES: ProtocolTimes = {
  limitMs: 400,
  freshMs: 600,
  giveUpMs: 2000,
  tombstoneMs: 4000,
  maxRollbackMs: 20_000,
};

/** How far the AOF of Redis is rolled back. */
export const ROLLBACK_MS = 1000;
