import type { Owners, Ownership } from './owners.ts';
import type { Session } from './session.ts';

/** A session that this replica runs, and the lease by which it may. */
export interface Held {
  session: Session;
  ownership: Ownership;
  over: Promise<void>;
  /** Done with the session closed and the lease still held. */
  atEnd?: (fence: bigint) => Promise<void>;
  atEndFailure?: Error;
}

/** False: another replica has the session, or has written to its auth state. Rejects while Redis is away. */
export async function renewHold(held: Held, owners: Owners): Promise<boolean> {
  if (await held.ownership.renew()) return true;
  // Expired, as after an outage of Redis. Whoever gets it now is the owner.
  const ownership = await owners.acquire(held.session.id);
  if (!ownership) return false;
  held.ownership = ownership;
  return held.session.reclaim(ownership.fence).catch(() => false);
}
