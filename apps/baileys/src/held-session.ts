import type { Owners, Ownership } from './owners.ts';
import type { Session } from './session.ts';

/** A session that this replica runs, and its lease. */
export interface HeldSession {
  session: Session;
  ownership: Ownership;
  /** Resolves when the session is closed and its lease is released. */
  ended: Promise<void>;
  /** Runs when the session is closed, while the lease is still held. */
  beforeRelease?: (fence: bigint) => Promise<void>;
  releaseFailure?: Error;
}

/** False: another replica holds the session, or has written to its auth state. Rejects while Redis is unavailable. */
export async function renewHold(held: HeldSession, owners: Owners): Promise<boolean> {
  if (await held.ownership.renew()) return true;
  // The lease has expired, as after an outage of Redis. Whoever acquires it now is the owner.
  const ownership = await owners.acquire(held.session.id);
  if (!ownership) return false;
  held.ownership = ownership;
  return held.session.reclaim(ownership.fence).catch(() => false);
}
