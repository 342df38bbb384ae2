import type { Database } from '@prosaas/database';

/** For the report of a replica: the code of what it could not write to the database lately. The api's health reads it. */
export function writeFailureReport({ writeFailures }: Pick<Database, 'writeFailures'>): {
  write_failure: string | null;
} {
  return { write_failure: writeFailures.recent()?.reason ?? null };
}
