import { AppError } from '@prosaas/runtime';
import type { Queryable } from './database.ts';
import { requireTable } from './tables.ts';

/** The part of a Redis client that `checkStack` uses. */
export interface StackStore {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: 'NX'): Promise<unknown>;
}

/** Two stacks use the same namespace of one Redis, so they would take each other's jobs. */
export class StackConflict extends AppError {
  override code = 'STACK_CONFLICT';
  override status = 503;

  constructor(key: string) {
    super(
      `This Redis namespace belongs to a stack with another database. Set REDIS_NAMESPACE to a name of its own; ` +
        `if the other database is gone for good, delete the key ${key}.`,
    );
  }
}

/** Claims the namespace for this database's stack, or throws `StackConflict`. `key` is `keyspace.key('stack')`. */
export async function checkStack(db: Queryable, redis: StackStore, key: string): Promise<void> {
  await requireTable(db, 'stack');
  const [row] = await db.query<{ id: string }>('select id from stack');
  if (row === undefined) throw new Error('The table stack has lost its row');
  await redis.set(key, row.id, 'NX');
  const owner = await redis.get(key);
  // Redis lost its data in between, or an operator deleted the key: no owner, so no conflict.
  if (owner === null) throw new Error(`The key ${key} vanished while it was set`);
  if (owner !== row.id) throw new StackConflict(key);
}
