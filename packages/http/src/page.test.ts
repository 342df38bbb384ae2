import { expect, test } from 'vitest';
import { page } from './page.ts';

const rows = [{ id: 1 }, { id: 2 }, { id: 3 }];

test.each([
  [rows, 2, { items: [{ id: 1 }, { id: 2 }], next_cursor: '2' }],
  [rows, 3, { items: rows, next_cursor: null }],
  [rows, 50, { items: rows, next_cursor: null }],
  [[], 50, { items: [], next_cursor: null }],
])('%#: a page ends at the limit and has a cursor if there is more', (found, limit, answer) => {
  expect(page(found, limit, ({ id }) => String(id))).toEqual(answer);
});
