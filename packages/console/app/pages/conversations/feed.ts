import { type ReadonlySignal, signal } from '@preact/signals';
import { get, withQuery } from '../../lib/api.ts';
import type { Page } from '../../lib/use-list.ts';
import { type Loaded, mergeNewest, mergeOlder } from './thread-items.ts';

const PAGE_SIZE = 50;
/** The largest page of the REST api. */
const MAX_PAGE_SIZE = 200;

/** A list that is newest first: its first page, and older pages as far as they were read. */
export interface Feed<T> {
  loaded: ReadonlySignal<Loaded<T> | undefined>;
  /** Reads the items shown again, up to a full page. Resolves to the new ones. */
  readNewest: () => Promise<T[]>;
  readOlder: (limit?: number) => Promise<void>;
}

export function createFeed<T extends { id: string }>(
  path: string,
  query: Record<string, string> = {},
): Feed<T> {
  const loaded = signal<Loaded<T> | undefined>(undefined);
  const read = (limit: number, cursor?: string): Promise<Page<T>> =>
    get<Page<T>>(withQuery(path, { ...query, limit, cursor }));
  return {
    loaded,
    readNewest: async () => {
      const count = loaded.peek()?.items.length ?? 0;
      const page = await read(Math.min(MAX_PAGE_SIZE, Math.max(PAGE_SIZE, count)));
      const { loaded: next, fresh } = mergeNewest(loaded.peek(), page);
      loaded.value = next;
      return fresh;
    },
    readOlder: async (limit = PAGE_SIZE) => {
      const before = loaded.peek();
      if (before === undefined || before.cursor === null) return;
      const page = await read(limit, before.cursor);
      // Unless the list has been reloaded meanwhile.
      if (loaded.peek()?.cursor === before.cursor) loaded.value = mergeOlder(loaded.peek()!, page);
    },
  };
}

/** Pages that `readSince` reads at most. */
const MAX_PAGES = 5;

/** Reads older pages until everything since `start` (Unix ms) is there. */
export async function readSince<T>(feed: Feed<T>, start: number, timeOf: (item: T) => string): Promise<void> {
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { items, cursor } = feed.loaded.peek() ?? { items: [], cursor: null };
    const [oldest] = items;
    if (cursor === null || oldest === undefined || Date.parse(timeOf(oldest)) < start) return;
    await feed.readOlder(MAX_PAGE_SIZE);
  }
}
