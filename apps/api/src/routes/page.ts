import {
  type TArray,
  type TObject,
  type TSchema,
  type TString,
  type TTuple,
  type TUnsafe,
  Type,
} from 'typebox';

/** The body of every list: follow `next_cursor` until it is null. */
export function Page<T extends TSchema>(
  item: T,
): TObject<{ items: TArray<T>; next_cursor: TUnsafe<string | null> }> {
  return Type.Object({
    items: Type.Array(item),
    next_cursor: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  });
}

/** Cursor of a list in the order of a sequence of numbers: the number of the page's last item. */
export const SequenceCursor: TTuple<[TString]> = Type.Tuple([Type.String({ pattern: '^\\d{1,18}$' })]);
