import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, get } from './api.ts';

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
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) {
      shown.current = path;
      data.value = undefined;
      error.value = undefined;
    }
    if (path === undefined) return;
    const leaving = new AbortController();
    read(path, leaving.signal, data, error);
    return () => leaving.abort();
  }, [path, version, turn.value]);
  return { data, error, reload: () => (turn.value += 1) };
}

function read<T>(
  path: string,
  aborted: AbortSignal,
  data: Signal<T | undefined>,
  error: Signal<ApiError | undefined>,
): void {
  get<T>(path, aborted).then(
    (answer) => {
      if (aborted.aborted) return;
      data.value = answer;
      error.value = undefined;
    },
    (reason: unknown) => {
      if (!aborted.aborted)
        error.value = reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));
    },
  );
}
