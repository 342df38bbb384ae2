import { AppError } from '@prosaas/runtime';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';

/** A cursor encodes the sort key of a page's last row. It is opaque to clients and validated, because a client may have edited it. */
export function encodeCursor(key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

export function decodeCursor<T extends TSchema>(
  schema: T,
  cursor: string | undefined,
): Static<T> | undefined {
  if (cursor === undefined) return undefined;
  const key = parse(cursor);
  if (!Check(schema, key)) throw new BadCursor();
  return key;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new BadCursor({ cause });
  }
}

class BadCursor extends AppError {
  override code = 'BAD_CURSOR';
  override status = 400;

  constructor(options: ErrorOptions = {}) {
    super('The cursor does not come from this list. Start again without it.', options);
  }
}
