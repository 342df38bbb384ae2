import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyHolders, type KeyRing, type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { requireTable } from '../tables.ts';
import { databasePreparationLog } from '../database-outages.ts';

/** How soon a new key counts everywhere, and one that was taken away no longer does. */
const READ_EVERY_MS = 2000;
/** For how long after they were read last the keys count: an outage of the database. */
const KNOWN_FOR_MS = 60_000;

/**
 * Keeps the keys of people at hand, so that no request asks the database for its sender: a stranger's guesses cost it nothing, and
 * people are let in while it is away for a moment.
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
  let known: { people: KeyHolders; at: number; turn: number } | undefined;
  let turns = 0;
  const refreshPeople = async (): Promise<void> => {
    const at = performance.now();
    const turn = (turns += 1);
    if (known === undefined) await requireTable(db, 'people');
    const people = await readKeyHolders(db);
    // An answer to an older question, overtaken on its way, may hold a key that is revoked.
    if (known === undefined || turn > known.turn) known = { people, at, turn };
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
      known !== undefined && performance.now() - known.at < knownForMs ? known.people : undefined,
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
