import { signal } from '@preact/signals';

/** What a screen reader speaks next, without moving its focus. */
export const spoken = signal('');

export function say(text: string): void {
  // The same words again are a change only after something else.
  spoken.value = spoken.value === text ? `${text}\u00A0` : text;
}

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
}
export const notices = signal<readonly Notice[]>([]);

let ids = 0;
const SHOWN_MS = 6000;

/** A word about what was just done, for a few seconds; an error until it is put away. */
export function notify(text: string, { isError = false }: { isError?: boolean } = {}): void {
  const notice = { id: (ids += 1), text, isError };
  notices.value = [...notices.value.slice(-3), notice];
  say(text);
  if (!isError) setTimeout(() => putAway(notice.id), SHOWN_MS);
}

export function putAway(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
