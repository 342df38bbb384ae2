import { type Database, type Queryable, classifyDatabaseError } from '@prosaas/database';

/** What is committed with the keys of a message, or not at all. Answers what is to be done after the commit. */
export interface Along {
  /** May run again after a commit that broke. */
  store: (tx: Queryable) => Promise<() => void>;
  /** Done instead, when PostgreSQL can never store the message's data. */
  quarantine?: (tx: Queryable, error: Error) => Promise<() => void>;
}

/** Commits `first` and what goes along in one transaction: the message, or what came of it if its data can't be stored. */
export async function commitAlong(
  db: Database,
  { store, quarantine }: Along,
  first: (tx: Queryable) => Promise<void> = () => Promise.resolve(),
): Promise<() => void> {
  let refused: Error | undefined;
  try {
    return await db.transaction(async (tx) => {
      await first(tx);
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
    await first(tx);
    return quarantine(tx, reason);
  });
}
