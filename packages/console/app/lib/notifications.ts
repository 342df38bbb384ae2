import { signal } from '@preact/signals';

/** The text of the live region: a screen reader speaks it when it changes. */
export const announcement = signal('');

export function announce(text: string): void {
  // The same text twice would not be a change, so it gets an invisible character.
  announcement.value = announcement.value === text ? `${text}\u00A0` : text;
}

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
}
export const notices = signal<readonly Notice[]>([]);

let lastId = 0;
const SHOWN_FOR_MS = 6000;

/** Shows a notice for a few seconds, an error until it is dismissed. A screen reader announces it, too. */
export function notify(text: string, { isError = false }: { isError?: boolean } = {}): void {
  const notice = { id: (lastId += 1), text, isError };
  notices.value = [...notices.value.slice(-3), notice];
  announce(text);
  if (!isError) setTimeout(() => dismiss(notice.id), SHOWN_FOR_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
