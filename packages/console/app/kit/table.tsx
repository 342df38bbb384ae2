import type { ComponentChildren } from 'preact';

export interface Column<T> {
  title: string;
  cell: (item: T) => ComponentChildren;
  /** Aligns the cells to the right. */
  isNumber?: boolean;
}

/**
 * A table, or a card for each row on narrow screens. The roles are explicit, because browsers drop them from a table that is laid out as
 * cards.
 */
export function Table<T>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (item: T) => string;
}) {
  return (
    <table class="table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, isNumber }) => (
            <th key={title} role="columnheader" scope="col" class={isNumber === true ? 'number' : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((item) => (
          <tr key={keyOf(item)} role="row">
            {columns.map(({ title, cell, isNumber }) => (
              <td key={title} role="cell" class={isNumber === true ? 'number' : undefined}>
                <span class="cell-title" aria-hidden="true">
                  {title}
                </span>
                <div>{cell(item)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
