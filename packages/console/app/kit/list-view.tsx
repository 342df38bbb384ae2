import { type ComponentChildren, Fragment } from 'preact';
import type { List } from '../lib/use-list.ts';
import { Button } from './button.tsx';
import { Empty, Failed, Loading } from './empty.tsx';

/**
 * A paged list: its rows, a text for an empty list, and a button for more. With `groupOf`, consecutive rows of the same group get a
 * heading.
 */
export function ListView<T>({
  list,
  row,
  keyOf,
  empty,
  label,
  groupOf,
}: {
  list: List<T>;
  row: (item: T) => ComponentChildren;
  keyOf: (item: T) => string;
  empty: ComponentChildren;
  label: string;
  groupOf?: (item: T) => string;
}) {
  const items = list.items.value;
  return (
    <>
      <Failed error={list.error.value} onRetry={list.reload} />
      {items === undefined && list.error.value === undefined && <Loading rows={6} />}
      {items?.length === 0 && (typeof empty === 'string' ? <Empty title={empty} /> : empty)}
      {groupsOf(items ?? [], groupOf).map(({ title, rows }) => (
        <Fragment key={title ?? ''}>
          {title !== undefined && <h2 class="group">{title}</h2>}
          <ul class="rows" aria-label={title === undefined ? label : `${label}, ${title}`}>
            {rows.map((item) => (
              <li key={keyOf(item)}>{row(item)}</li>
            ))}
          </ul>
        </Fragment>
      ))}
      {list.hasMore.value && (
        <div class="more">
          <Button onPress={list.loadMore}>Show more</Button>
        </div>
      )}
    </>
  );
}

interface Group<T> {
  title: string | undefined;
  rows: T[];
}

function groupsOf<T>(items: readonly T[], titleOf?: (item: T) => string): Group<T>[] {
  const groups: Group<T>[] = [];
  for (const item of items) {
    const title = titleOf?.(item);
    const last = groups.at(-1);
    if (last !== undefined && last.title === title) last.rows.push(item);
    else groups.push({ title, rows: [item] });
  }
  return groups;
}
