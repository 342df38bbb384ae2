import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, get } from './api.ts';

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

  const failed = (reason: unknown): void => {
    error.value = reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));
  };

  useEffect(() => {
    if (shown.current !== path) {
      shown.current = path;
      later.current.abort();
      later.current = new AbortController();
      items.value = undefined;
      cursor.value = null;
      hasMore.value = false;
    }
    if (path === undefined) return;
    const leaving = new AbortController();
    isLoading.value = true;
    get<Page<T>>(path, leaving.signal)
      .then((page) => {
        if (leaving.signal.aborted) return;
        const fresh = new Set(page.items.map(keyOf));
        const behind =
          cursor.value === null ? [] : (items.value ?? []).filter((item) => !fresh.has(keyOf(item)));
        items.value = [...page.items, ...behind];
        if (cursor.value === null) {
          cursor.value = page.next_cursor;
          hasMore.value = page.next_cursor !== null;
        }
        error.value = undefined;
      })
      .catch((reason: unknown) => {
        if (!leaving.signal.aborted) failed(reason);
      })
      .finally(() => {
        if (!leaving.signal.aborted) isLoading.value = false;
      });
    return () => leaving.abort();
  }, [path, version, turn.value]);

  const loadMore = (): void => {
    const next = cursor.value;
    if (path === undefined || next === null || isLoading.value) return;
    const aborted = later.current.signal;
    isLoading.value = true;
    get<Page<T>>(`${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`, aborted)
      .then((page) => {
        if (aborted.aborted) return;
        const known = new Set((items.value ?? []).map(keyOf));
        items.value = [...(items.value ?? []), ...page.items.filter((item) => !known.has(keyOf(item)))];
        cursor.value = page.next_cursor;
        hasMore.value = page.next_cursor !== null;
      })
      .catch((reason: unknown) => {
        if (!aborted.aborted) failed(reason);
      })
      .finally(() => {
        isLoading.value = false;
      });
  };
  return { items, error, hasMore, isLoading, loadMore, reload: () => (turn.value += 1) };
}
