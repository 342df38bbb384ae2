import { classifyDatabaseError } from '@prosaas/database';
import { AppError, errorReason } from '@prosaas/runtime';

/** Log fields of an error: text and code if the error is expected, else the stack. */
export function errorFields(error: unknown): object {
  const isExpected = classifyDatabaseError(error) !== undefined || error instanceof AppError;
  return isExpected ? errorReason(error) : { err: error };
}
