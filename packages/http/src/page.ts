import { type TObject, type TOptional, type TUnsafe, Type } from 'typebox';

/** The query of every list: `?limit=50&cursor=...`. */
export const pageQuery: TObject<{ limit: TUnsafe<number>; cursor: TOptional<TUnsafe<string>> }> = Type.Object(
  {
    limit: Type.Unsafe<number>(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.Unsafe<string>(Type.String({ minLength: 1, maxLength: 500 }))),
  },
);

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A page from up to `limit + 1` rows: a row over the limit means that there is another page. */
export function page<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
