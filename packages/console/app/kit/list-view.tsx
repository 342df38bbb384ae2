import { type ComponentChildren, Fragment } from 'preact';
import type { List } from '../lib/use-list.ts';
import { Button } from './button.tsx';
import { Empty, Failed, Loading } from './empty.tsx';

/**
 * A list that is read page by page: its rows, what to say when it has none, and a button for more. With `groupOf`, rows that follow one
 * another with the same words stand under them.
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
      {groupsOf(items ?? [], groupOf).map(({ words, rows }) => (
        <Fragment key={words ?? ''}>
          {words !== undefined && <h2 class="group">{words}</h2>}
          <ul class="rows" aria-label={words === undefined ? label : `${label}, ${words}`}>
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
  words: string | undefined;
  rows: T[];
}

function groupsOf<T>(items: readonly T[], wordsOf?: (item: T) => string): Group<T>[] {
  const groups: Group<T>[] = [];
  for (const item of items) {
    const words = wordsOf?.(item);
    const last = groups.at(-1);
    if (last !== undefined && last.words === words) last.rows.push(item);
    else groups.push({ words, rows: [item] });
  }
  return groups;
}
