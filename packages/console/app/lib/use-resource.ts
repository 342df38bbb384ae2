import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, asApiError, get } from './api.ts';

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
    const read = async (): Promise<void> => {
      try {
        const answer = await get<T>(path, leaving.signal);
        if (leaving.signal.aborted) return;
        data.value = answer;
        error.value = undefined;
      } catch (reason) {
        if (!leaving.signal.aborted) error.value = asApiError(reason);
      }
    };
    void read();
    return () => leaving.abort();
  }, [path, version, turn.value]);
  return { data, error, reload: () => (turn.value += 1) };
}
