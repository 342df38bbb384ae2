import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyHolders, type KeyRing, type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { requireTable } from '../tables.ts';
import { databasePreparationLog } from '../database-outages.ts';

/** How soon a new key is accepted in every service, and a revoked one rejected. */
const READ_EVERY_MS = 2000;
/** How long the keys stay valid after the last successful read, to bridge an outage of the database. */
const KNOWN_FOR_MS = 60_000;

/**
 * Keeps people's keys in memory, so that no request queries the database for its sender: guessed keys put no load on it, and people
 * keep their access during a short outage.
 */
export function startPeopleKeys(
  db: Queryable,
  {
    log,
    readEveryMs = READ_EVERY_MS,
    knownForMs = KNOWN_FOR_MS,
  }: { log: Logger; readEveryMs?: number; knownForMs?: number },
): Pick<KeyRing, 'people' | 'refreshPeople'> & Disposable {
  const stopping = new AbortController();
  let latest: { people: KeyHolders; readAt: number; sequence: number } | undefined;
  let reads = 0;
  const refreshPeople = async (): Promise<void> => {
    const readAt = performance.now();
    const sequence = (reads += 1);
    if (latest === undefined) await requireTable(db, 'people');
    const people = await readKeyHolders(db);
    // A slow older read may finish after a newer one, and may contain a key that is revoked.
    if (latest === undefined || sequence > latest.sequence) latest = { people, readAt, sequence };
  };
  const retries = {
    signal: stopping.signal,
    baseMs: 200,
    maxMs: readEveryMs,
    outage: databasePreparationLog(log),
  };
  const repeat = async (): Promise<void> => {
    for (;;) {
      await retryForever(refreshPeople, retries);
      await sleep(readEveryMs, undefined, { signal: stopping.signal });
    }
  };
  repeat().catch(() => {});
  return {
    people: () =>
      latest !== undefined && performance.now() - latest.readAt < knownForMs ? latest.people : undefined,
    refreshPeople,
    [Symbol.dispose]: () => stopping.abort(),
  };
}

async function readKeyHolders(db: Queryable): Promise<KeyHolders> {
  const rows = await db.query<{ hash: Buffer; id: string; name: string; role: 'owner'; business_id: string }>(
    'select key_hash as hash, id, name, role, business_id from people where revoked_at is null and key_hash is not null',
  );
  return new Map(
    rows.map(({ hash, id, name, role, business_id: businessId }) => [
      hash.toString('base64url'),
      { id, name, role, businessId },
    ]),
  );
}
