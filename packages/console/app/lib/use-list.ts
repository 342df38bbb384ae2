import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface List<T> {
  items: ReadonlySignal<T[] | undefined>;
  error: ReadonlySignal<ApiError | undefined>;
  hasMore: ReadonlySignal<boolean>;
  isLoading: ReadonlySignal<boolean>;
  loadMore: () => void;
  reload: () => void;
}

/**
 * A list that is paged by cursor. `path` has its filters; when it changes the list begins anew, when `version` changes its first
 * page is read again, and what was read behind it stays.
 */
export function useList<T>(
  path: string | undefined,
  { keyOf, version = 0 }: { keyOf: (item: T) => string; version?: unknown },
): List<T> {
  const items = useSignal<T[] | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const cursor = useSignal<string | null>(null);
  const hasMore = useSignal(false);
  const isLoading = useSignal(false);
  const turn = useSignal(0);
  const shown = useRef<string | undefined>(undefined);
  const later = useRef(new AbortController());

  /** Reads a page and hands it on, unless the list has become another one meanwhile. */
  const read = async (target: string, aborted: AbortSignal, take: (page: Page<T>) => void): Promise<void> => {
    isLoading.value = true;
    try {
      const page = await get<Page<T>>(target, aborted);
      if (aborted.aborted) return;
      take(page);
      error.value = undefined;
    } catch (reason) {
      if (!aborted.aborted) error.value = asApiError(reason);
    } finally {
      if (!aborted.aborted) isLoading.value = false;
    }
  };
  const goOnFrom = (next: string | null): void => {
    cursor.value = next;
    hasMore.value = next !== null;
  };

  useEffect(() => {
    const isNew = shown.current !== path;
    if (isNew) {
      shown.current = path;
      later.current.abort();
      later.current = new AbortController();
      items.value = undefined;
      goOnFrom(null);
    }
    if (path === undefined) return;
    const leaving = new AbortController();
    void read(path, leaving.signal, (page) => {
      const before = items.value;
      // Behind a last page there is nothing: what was there is gone.
      if (before === undefined || page.next_cursor === null) goOnFrom(page.next_cursor);
      const behind = page.next_cursor === null ? [] : without(before ?? [], page.items);
      items.value = [...page.items, ...behind];
    });
    return () => leaving.abort();
  }, [path, version, turn.value]);

  const without = (some: readonly T[], others: readonly T[]): T[] => {
    const keys = new Set(others.map(keyOf));
    return some.filter((item) => !keys.has(keyOf(item)));
  };
  const loadMore = (): void => {
    const next = cursor.value;
    if (path === undefined || next === null || isLoading.value) return;
    const target = `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`;
    void read(target, later.current.signal, (page) => {
      const before = items.value ?? [];
      items.value = [...before, ...without(page.items, before)];
      goOnFrom(page.next_cursor);
    });
  };
  return { items, error, hasMore, isLoading, loadMore, reload: () => (turn.value += 1) };
}
