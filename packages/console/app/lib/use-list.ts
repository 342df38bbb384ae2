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

/** The most that REST tells at once, and what it tells where nothing is asked. */
const MOST = 200;
const USUAL = 50;

/** What is shown is read again in one page, so that nothing of it is an old answer; what lies behind the greatest page stays. */
export function rereading(path: string, shown: number): { target: string; limit: number } {
  const [base = '', search] = path.split('?', 2);
  const query = new URLSearchParams(search);
  const usual = Number(query.get('limit') ?? USUAL);
  const limit = Math.min(MOST, Math.max(usual, shown));
  if (limit === usual) return { target: path, limit };
  query.set('limit', String(limit));
  return { target: `${base}?${query}`, limit };
}

/**
 * A list that is paged by cursor. `path` has its filters; when it changes the list begins anew, when `version` changes what is
 * shown is read again.
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
    const { target, limit } = rereading(path, items.value?.length ?? 0);
    get<Page<T>>(target, leaving.signal)
      .then((page) => {
        if (leaving.signal.aborted) return;
        const fresh = new Set(page.items.map(keyOf));
        const behind = (items.value ?? []).slice(limit).filter((item) => !fresh.has(keyOf(item)));
        items.value = [...page.items, ...behind];
        if (behind.length === 0) {
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
