import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';
import { serialize } from './serialize.ts';

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

/** The largest page of the REST api, and its default. */
const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** The request that reads all items shown again, in one page. Items beyond the largest page are kept as they are. */
export function refreshRequest(path: string, shown: number): { target: string; limit: number } {
  const [base = '', search] = path.split('?', 2);
  const query = new URLSearchParams(search);
  const ownLimit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const limit = Math.min(MAX_LIMIT, Math.max(ownLimit, shown));
  if (limit === ownLimit) return { target: path, limit };
  query.set('limit', String(limit));
  return { target: `${base}?${query}`, limit };
}

/**
 * A list that is paged by cursor.
 *
 * @param path with its filters. When it changes, the list is reloaded from its start; undefined loads nothing
 * @param options.version when it changes, the items shown are read again
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
  const reloads = useSignal(0);
  const refresh = useRef<(() => void) | undefined>(undefined);
  const aborted = useRef<AbortSignal | undefined>(undefined);

  const guarded = async (signal: AbortSignal, read: () => Promise<void>): Promise<void> => {
    isLoading.value = true;
    try {
      await read();
    } catch (reason) {
      if (!signal.aborted) error.value = asApiError(reason);
    } finally {
      if (!signal.aborted) isLoading.value = false;
    }
  };
  const setCursor = ({ next_cursor: next }: Page<T>): void => {
    cursor.value = next;
    hasMore.value = next !== null;
  };

  useEffect(() => {
    items.value = undefined;
    error.value = undefined;
    cursor.value = null;
    hasMore.value = false;
    isLoading.value = false;
    if (path === undefined) return;
    const aborter = new AbortController();
    const { signal } = aborter;
    aborted.current = signal;
    refresh.current = serialize(() =>
      guarded(signal, async () => {
        const { target, limit } = refreshRequest(path, items.value?.length ?? 0);
        const page = await get<Page<T>>(target, signal);
        if (signal.aborted) return;
        const fresh = new Set(page.items.map(keyOf));
        const remaining = (items.value ?? []).slice(limit).filter((item) => !fresh.has(keyOf(item)));
        items.value = [...page.items, ...remaining];
        if (remaining.length === 0) setCursor(page);
        error.value = undefined;
      }),
    );
    return () => {
      aborter.abort();
      refresh.current = undefined;
    };
  }, [path]);
  useEffect(() => refresh.current?.(), [path, version, reloads.value]);

  const loadMore = (): void => {
    const next = cursor.value;
    const signal = aborted.current;
    if (path === undefined || next === null || isLoading.value || signal === undefined) return;
    void guarded(signal, async () => {
      const separator = path.includes('?') ? '&' : '?';
      const page = await get<Page<T>>(`${path}${separator}cursor=${encodeURIComponent(next)}`, signal);
      if (signal.aborted) return;
      const known = new Set((items.value ?? []).map(keyOf));
      items.value = [...(items.value ?? []), ...page.items.filter((item) => !known.has(keyOf(item)))];
      setCursor(page);
    });
  };
  return { items, error, hasMore, isLoading, loadMore, reload: () => (reloads.value += 1) };
}
