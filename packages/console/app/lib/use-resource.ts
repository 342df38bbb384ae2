import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';
import { serialize } from './serialize.ts';

export interface Resource<T> {
  /** The last value, which stays while it is read again. */
  data: ReadonlySignal<T | undefined>;
  /** Why the last attempt failed. */
  error: ReadonlySignal<ApiError | undefined>;
  reload: () => void;
}

/**
 * Reads a resource of the REST api.
 *
 * @param path undefined reads nothing
 * @param version when it changes, the resource is read again; usually made from live values
 */
export function useResource<T>(path: string | undefined, version: unknown = 0): Resource<T> {
  const data = useSignal<T | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const reloads = useSignal(0);
  const refresh = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    data.value = undefined;
    error.value = undefined;
    if (path === undefined) return;
    const aborter = new AbortController();
    refresh.current = serialize(() => read(path, aborter.signal, data, error));
    return () => {
      aborter.abort();
      refresh.current = undefined;
    };
  }, [path]);
  useEffect(() => refresh.current?.(), [path, version, reloads.value]);
  return { data, error, reload: () => (reloads.value += 1) };
}

async function read<T>(
  path: string,
  signal: AbortSignal,
  data: Signal<T | undefined>,
  error: Signal<ApiError | undefined>,
): Promise<void> {
  try {
    const answer = await get<T>(path, signal);
    if (signal.aborted) return;
    data.value = answer;
    error.value = undefined;
  } catch (reason) {
    if (!signal.aborted) error.value = asApiError(reason);
  }
}
