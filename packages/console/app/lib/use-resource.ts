import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';
import { oneAtATime } from './one-at-a-time.ts';

export interface Resource<T> {
  /** The last that was read; stays while it is read again. */
  data: ReadonlySignal<T | undefined>;
  /** Why the last reading failed. */
  error: ReadonlySignal<ApiError | undefined>;
  reload: () => void;
}

/**
 * Reads `path` and reads it again when `version` changes, which is how the live parts say that something did. Undefined: nothing
 * is read.
 */
export function useResource<T>(path: string | undefined, version: unknown = 0): Resource<T> {
  const data = useSignal<T | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const turn = useSignal(0);
  const ask = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    data.value = undefined;
    error.value = undefined;
    if (path === undefined) return;
    const leaving = new AbortController();
    ask.current = oneAtATime(() => read(path, leaving.signal, data, error));
    return () => {
      leaving.abort();
      ask.current = undefined;
    };
  }, [path]);
  useEffect(() => ask.current?.(), [path, version, turn.value]);
  return { data, error, reload: () => (turn.value += 1) };
}

async function read<T>(
  path: string,
  aborted: AbortSignal,
  data: Signal<T | undefined>,
  error: Signal<ApiError | undefined>,
): Promise<void> {
  try {
    const answer = await get<T>(path, aborted);
    if (aborted.aborted) return;
    data.value = answer;
    error.value = undefined;
  } catch (reason) {
    if (!aborted.aborted) error.value = asApiError(reason);
  }
}
