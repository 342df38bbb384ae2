import type { Database } from '@prosaas/database';

/** For a replica's report: the reason of its latest failed database write. The api's health reads it. */
export function writeFailureReport({ writeFailures }: Pick<Database, 'writeFailures'>): {
  write_failure: string | null;
} {
  return { write_failure: writeFailures.recent()?.reason ?? null };
}
