import { expect, test } from 'vitest';
import { ColumnIndex } from './column-index.ts';

test('finds the position of every column, and none for an unknown column', () => {
  const columns: string[] = [];
  const index = new ColumnIndex((position) => columns[position]!);
  for (let position = 0; position < 5000; position++) {
    const column = `c["metric",{"route":"/things/${position}"}]`;
    expect(index.find(column)).toBeUndefined();
    index.add(column, columns.push(column) - 1);
  }
  expect(columns.map((column) => index.find(column))).toEqual(columns.map((_, position) => position));
  expect(index.find('')).toBeUndefined();
});
