import { computed, signal } from '@preact/signals';

/** The address of a page: `#/conversations/1?state=waiting`. It is in the fragment so that any path prefix and proxy works. */
export interface Location {
  /** `conversations`, `1`. */
  parts: string[];
  query: URLSearchParams;
}

export function parseHash(hash: string): Location {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return {
    parts: path
      .split('/')
      .filter((part) => part !== '')
      .map(decode),
    query: new URLSearchParams(search),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `href(['conversations', id])` is `#/conversations/...`. */
export function href(parts: readonly string[], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(name, value);
  const text = search.toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

const hash = signal(globalThis.location?.hash ?? '');
globalThis.addEventListener?.('hashchange', () => {
  hash.value = globalThis.location.hash;
});

export const location = computed<Location>(() => parseHash(hash.value));

/** Changes query parameters without adding an entry to the browser's history. */
export function setQuery(changes: Record<string, string | undefined>): void {
  const { parts, query } = location.value;
  const next = { ...Object.fromEntries(query), ...changes };
  globalThis.history.replaceState(null, '', href(parts, next));
  hash.value = globalThis.location.hash;
}

export function go(target: string): void {
  globalThis.location.hash = target;
}
