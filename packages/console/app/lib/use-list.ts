import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';
import { oneAtATime } from './one-at-a-time.ts';

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
  const ask = useRef<(() => void) | undefined>(undefined);
  const aborted = useRef<AbortSignal | undefined>(undefined);

  const guarded = async (leaving: AbortSignal, read: () => Promise<void>): Promise<void> => {
    isLoading.value = true;
    try {
      await read();
    } catch (reason) {
      if (!leaving.aborted) error.value = asApiError(reason);
    } finally {
      if (!leaving.aborted) isLoading.value = false;
    }
  };
  const end = ({ next_cursor: next }: Page<T>): void => {
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
    const leaving = new AbortController();
    const { signal } = leaving;
    aborted.current = signal;
    ask.current = oneAtATime(() =>
      guarded(signal, async () => {
        const { target, limit } = rereading(path, items.value?.length ?? 0);
        const page = await get<Page<T>>(target, signal);
        if (signal.aborted) return;
        const fresh = new Set(page.items.map(keyOf));
        const behind = (items.value ?? []).slice(limit).filter((item) => !fresh.has(keyOf(item)));
        items.value = [...page.items, ...behind];
        if (behind.length === 0) end(page);
        error.value = undefined;
      }),
    );
    return () => {
      leaving.abort();
      ask.current = undefined;
    };
  }, [path]);
  useEffect(() => ask.current?.(), [path, version, turn.value]);

  const loadMore = (): void => {
    const next = cursor.value;
    const leaving = aborted.current;
    if (path === undefined || next === null || isLoading.value || leaving === undefined) return;
    void guarded(leaving, async () => {
      const separator = path.includes('?') ? '&' : '?';
      const page = await get<Page<T>>(`${path}${separator}cursor=${encodeURIComponent(next)}`, leaving);
      if (leaving.aborted) return;
      const known = new Set((items.value ?? []).map(keyOf));
      items.value = [...(items.value ?? []), ...page.items.filter((item) => !known.has(keyOf(item)))];
      end(page);
    });
  };
  return { items, error, hasMore, isLoading, loadMore, reload: () => (turn.value += 1) };
}
