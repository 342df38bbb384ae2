import { dayOfTime } from '../../lib/format.ts';
import type { Call, ChatEvent, Message } from './records.ts';

/** What was read of a list that REST tells newest first; here the oldest stands first. */
export interface Loaded<T> {
  items: readonly T[];
  /** Of what is older; null: there is nothing. */
  cursor: string | null;
}

interface Answer<T> {
  items: readonly T[];
  next_cursor: string | null;
}

/**
 * Adds the newest page. What is older stays, unless so much came meanwhile that something lies between: then the list begins anew
 * with the page. `fresh` is what was not there before.
 */
export function mergeNewest<T extends { id: string }>(
  before: Loaded<T> | undefined,
  page: Answer<T>,
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

export function mergeOlder<T extends { id: string }>(before: Loaded<T>, page: Answer<T>): Loaded<T> {
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
 * Messages in their order, with events and calls where they happened, and the days between. What is older than the first message is
 * left out while there are older messages to read.
 */
export function weave(
  messages: Loaded<Message>,
  events: readonly ChatEvent[],
  calls: readonly Call[],
): ThreadItem[] {
  const start = messages.cursor === null ? -Infinity : Date.parse(messages.items[0]?.created_at ?? '');
  const beside: ThreadItem[] = [
    ...events.map((event) => ({ kind: 'event', key: `event ${event.id}`, at: event.at, event }) as const),
    ...calls.map((call) => ({ kind: 'call', key: `call ${call.id}`, at: call.started_at, call }) as const),
  ]
    .filter(({ at }) => Date.parse(at) >= start)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const items: ThreadItem[] = [];
  let next = 0;
  for (const message of messages.items) {
    const { id, created_at: at } = message;
    while (next < beside.length && Date.parse(beside[next]!.at) < Date.parse(at)) items.push(beside[next++]!);
    items.push({ kind: 'message', key: id, at, message });
  }
  return withDays([...items, ...beside.slice(next)]);
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
