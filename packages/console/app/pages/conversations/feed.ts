import { type ReadonlySignal, signal } from '@preact/signals';
import { get, withQuery } from '../../lib/api.ts';
import type { Page } from '../../lib/use-list.ts';
import { type Loaded, mergeNewest, mergeOlder } from './thread-items.ts';

const PAGE = 50;
/** The most that REST tells at once. */
const MOST = 200;

/** The newest of a list of REST, and what was read behind it. */
export interface Feed<T> {
  loaded: ReadonlySignal<Loaded<T> | undefined>;
  /** Reads what is shown again, up to a full page. Answers what was not there before. */
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
      const page = await read(Math.min(MOST, Math.max(PAGE, count)));
      const { loaded: next, fresh } = mergeNewest(loaded.peek(), page);
      loaded.value = next;
      return fresh;
    },
    readOlder: async (limit = PAGE) => {
      const before = loaded.peek();
      if (before === undefined || before.cursor === null) return;
      const page = await read(limit, before.cursor);
      // Read anew meanwhile, maybe from another place.
      if (loaded.peek()?.cursor === before.cursor) loaded.value = mergeOlder(loaded.peek()!, page);
    },
  };
}

/** Pages of what happened beside the messages that are read at once. */
const MOST_PAGES_BESIDE = 5;

/** Reads on until everything since `start` is there, or that is too much. */
export async function readSince<T>(feed: Feed<T>, start: number, timeOf: (item: T) => string): Promise<void> {
  for (let turn = 0; turn < MOST_PAGES_BESIDE; turn += 1) {
    const { items, cursor } = feed.loaded.peek() ?? { items: [], cursor: null };
    const [oldest] = items;
    if (cursor === null || oldest === undefined || Date.parse(timeOf(oldest)) < start) return;
    await feed.readOlder(MOST);
  }
}
