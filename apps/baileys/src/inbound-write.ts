import { type Database, type Queryable, classifyDatabaseError } from '@prosaas/database';

/** The database writes of one inbound message. Each returns what to do after the commit. */
export interface InboundWrite {
  /** Stores the message. May run again after a failed commit. */
  store: (tx: Queryable) => Promise<() => void>;
  /** Runs instead when PostgreSQL can never store the message's data. */
  quarantine?: (tx: Queryable, error: Error) => Promise<() => void>;
}

/**
 * Commits the keys of a message and the message itself in one transaction. A message whose data can't be stored is
 * quarantined with its keys, in a second transaction.
 *
 * @returns what to do after the commit
 */
export async function commitInbound(
  db: Database,
  { store, quarantine }: InboundWrite,
  writeKeys: (tx: Queryable) => Promise<void> = () => Promise.resolve(),
): Promise<() => void> {
  let refused: Error | undefined;
  try {
    return await db.transaction(async (tx) => {
      await writeKeys(tx);
      try {
        return await store(tx);
      } catch (error) {
        if (error instanceof Error && classifyDatabaseError(error)?.kind === 'invalid_data') refused = error;
        throw error;
      }
    });
  } catch (error) {
    if (refused === undefined || quarantine === undefined) throw error;
  }
  const reason = refused;
  return db.transaction(async (tx) => {
    await writeKeys(tx);
    return quarantine(tx, reason);
  });
}
