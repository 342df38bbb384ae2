import { dayOfTime } from '../../lib/format.ts';
import type { Call, ChatEvent, Message } from './records.ts';

/** The part of a list that was read. The REST api lists newest first; here the oldest comes first. */
export interface Loaded<T> {
  items: readonly T[];
  /** For the next older page; null when there is none. */
  cursor: string | null;
}

interface Page<T> {
  items: readonly T[];
  next_cursor: string | null;
}

/**
 * Adds the newest page. Older items stay, unless there is a gap between them and the page: then only the page is kept. `fresh` are the
 * items that were not there before.
 */
export function mergeNewest<T extends { id: string }>(
  before: Loaded<T> | undefined,
  page: Page<T>,
): { loaded: Loaded<T>; fresh: T[] } {
  const read = page.items.toReversed();
  if (before === undefined) return { loaded: { items: read, cursor: page.next_cursor }, fresh: [] };
  const known = new Set(before.items.map(({ id }) => id));
  const lastKnown = read.findLastIndex(({ id }) => known.has(id));
  const fresh = read.slice(lastKnown + 1);
  const start = before.items.findIndex(({ id }) => id === read[0]?.id);
  if (start < 0) return { loaded: { items: read, cursor: page.next_cursor }, fresh };
  return {
    loaded: {
      items: [...before.items.slice(0, start), ...read],
      cursor: start === 0 ? page.next_cursor : before.cursor,
    },
    fresh,
  };
}

export function mergeOlder<T extends { id: string }>(before: Loaded<T>, page: Page<T>): Loaded<T> {
  const known = new Set(before.items.map(({ id }) => id));
  const older = page.items.toReversed().filter(({ id }) => !known.has(id));
  return { items: [...older, ...before.items], cursor: page.next_cursor };
}

export type ThreadItem =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'message'; key: string; at: string; message: Message }
  | { kind: 'event'; key: string; at: string; event: ChatEvent }
  | { kind: 'call'; key: string; at: string; call: Call };

/**
 * Messages in their order, with events and calls at their times, and a heading for each day. Events and calls before the first message are
 * left out while there are older messages to read.
 */
export function buildThread(
  messages: Loaded<Message>,
  events: readonly ChatEvent[],
  calls: readonly Call[],
): ThreadItem[] {
  const start = messages.cursor === null ? -Infinity : Date.parse(messages.items[0]?.created_at ?? '');
  const others: ThreadItem[] = [
    ...events.map((event) => ({ kind: 'event', key: `event ${event.id}`, at: event.at, event }) as const),
    ...calls.map((call) => ({ kind: 'call', key: `call ${call.id}`, at: call.started_at, call }) as const),
  ]
    .filter(({ at }) => Date.parse(at) >= start)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const items: ThreadItem[] = [];
  let next = 0;
  for (const message of messages.items) {
    const { id, created_at: at } = message;
    while (next < others.length && Date.parse(others[next]!.at) < Date.parse(at)) items.push(others[next++]!);
    items.push({ kind: 'message', key: id, at, message });
  }
  return withDays([...items, ...others.slice(next)]);
}

function withDays(items: readonly ThreadItem[]): ThreadItem[] {
  let last = '';
  return items.flatMap((item) => {
    const day = dayOfTime(item.at);
    if (day === last) return [item];
    last = day;
    return [{ kind: 'day', key: `day ${day}`, at: item.at } as const, item];
  });
}
