import type { ComponentChildren } from 'preact';
import type { ApiError } from '../lib/api.ts';
import { Button } from './button.tsx';

/** In place of a list that has nothing: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** In place of what could not be read, or above what is an old answer. */
export function Failed({ error, onRetry }: { error: ApiError | undefined; onRetry?: () => void }) {
  if (error === undefined) return null;
  return (
    <div class="failed" role="alert">
      <p>{error.message}</p>
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** Keeps the place of what is read, so that nothing jumps when it is there. */
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div class="loading" role="progressbar" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div class="loading-row" key={index} />
      ))}
    </div>
  );
}
