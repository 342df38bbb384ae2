import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './cursor.ts';

const Key = Type.Tuple([Type.String({ pattern: '^\\d+$' }), Type.String()]);

test('decodes an encoded cursor', () => {
  expect(decodeCursor(Key, encodeCursor(['17', 'שלום']))).toEqual(['17', 'שלום']);
  expect(decodeCursor(Key, undefined)).toBeUndefined();
});

test.each(['', 'x', '!!!', 'bnVsbA', encodeCursor(['x', 'y']), encodeCursor(['1']), encodeCursor(['1', 2])])(
  'refuses the edited cursor %j',
  (cursor) => {
    expect(() => decodeCursor(Key, cursor)).toThrow(
      expect.objectContaining({ status: 400, code: 'BAD_CURSOR' }),
    );
  },
);
