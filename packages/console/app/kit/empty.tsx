import type { ComponentChildren } from 'preact';
import type { ApiError } from '../lib/api.ts';
import { Button } from './button.tsx';

/** Shown in place of an empty list: why it is empty, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Shown in place of content that could not be loaded, or above content that is out of date. */
export function Failed({ error, onRetry }: { error: ApiError | undefined; onRetry?: () => void }) {
  if (error === undefined) return null;
  return (
    <div class="failed" role="alert">
      <p>{error.message}</p>
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** A placeholder of the same size as the content, so that nothing moves when it arrives. */
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div class="loading" role="progressbar" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div class="loading-row" key={index} />
      ))}
    </div>
  );
}
