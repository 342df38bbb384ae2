import type { ComponentChildren } from 'preact';
import type { List } from '../lib/use-list.ts';
import { Button } from './button.tsx';
import { Empty, Failed, Loading } from './empty.tsx';

/** A list that is read page by page: its rows, what to say when it has none, and a button for more. */
export function ListView<T>({
  list,
  row,
  keyOf,
  empty,
  label,
}: {
  list: List<T>;
  row: (item: T) => ComponentChildren;
  keyOf: (item: T) => string;
  empty: ComponentChildren;
  label: string;
}) {
  const items = list.items.value;
  return (
    <>
      <Failed error={list.error.value} onRetry={list.reload} />
      {items === undefined && list.error.value === undefined && <Loading rows={6} />}
      {items?.length === 0 && (typeof empty === 'string' ? <Empty title={empty} /> : empty)}
      {items !== undefined && items.length > 0 && (
        <ul class="rows" aria-label={label}>
          {items.map((item) => (
            <li key={keyOf(item)}>{row(item)}</li>
          ))}
        </ul>
      )}
      {list.hasMore.value && (
        <div class="more">
          <Button onPress={list.loadMore}>Show more</Button>
        </div>
      )}
    </>
  );
}
