import { classifyDatabaseError } from '@prosaas/database';
import { AppError, errorReason } from '@prosaas/runtime';

/** Log fields: the stack of a fault of the program; of an error that is expected its text and code. */
export function errorFields(error: unknown): object {
  const isExpected = classifyDatabaseError(error) !== undefined || error instanceof AppError;
  return isExpected ? errorReason(error) : { err: error };
}
