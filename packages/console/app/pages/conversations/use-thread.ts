import { type ReadonlySignal, computed, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type ApiError, asApiError } from '../../lib/api.ts';
import { now } from '../../lib/live.ts';
import { serialize } from '../../lib/serialize.ts';
import { createFeed, readSince } from './feed.ts';
import type { Call, ChatEvent, Message } from './records.ts';
import { type ThreadItem, buildThread } from './thread-items.ts';
import { isPending } from './text.ts';

export interface ThreadState {
  /** Undefined before the first read. */
  items: ReadonlySignal<ThreadItem[] | undefined>;
  hasOlder: ReadonlySignal<boolean>;
  /** Messages that wait for a person, among those that were read; undefined before the first read. */
  waiting: ReadonlySignal<number | undefined>;
  error: ReadonlySignal<ApiError | undefined>;
  refresh: () => void;
  loadOlder: () => Promise<void>;
}

interface Thread extends ThreadState {
  /** Changes every 2 s while the status of one of the newest messages is still pending. */
  refreshTick: ReadonlySignal<number>;
}

const CALLS_INTERVAL_MS = 15_000;

/** Messages, events and calls of a conversation. They are read again when `version` changes; `onFresh` gets the new messages. */
export function useThread(
  id: string,
  version: unknown,
  onFresh: (messages: readonly Message[]) => void,
): ThreadState {
  const thread = useMemo(() => createThread(id, onFresh), [id]);
  useEffect(thread.refresh, [thread, version, thread.refreshTick.value]);
  return thread;
}

function createThread(id: string, onFresh: (messages: readonly Message[]) => void): Thread {
  const path = `api/conversations/${encodeURIComponent(id)}`;
  const messages = createFeed<Message>(`${path}/messages`);
  const events = createFeed<ChatEvent>(`${path}/events`);
  const calls = createFeed<Call>('api/calls', { conversation: id });
  const error = signal<ApiError | undefined>(undefined);

  /** Reads events and calls as far back as the messages go. */
  const readOthers = async (): Promise<void> => {
    const { items, cursor } = messages.loaded.peek()!;
    const start = cursor === null ? -Infinity : Date.parse(items[0]?.created_at ?? '');
    await Promise.all([
      readSince(events, start, ({ at }) => at),
      readSince(calls, start, ({ started_at: at }) => at),
    ]);
  };
  /** Calls are rare and their query is slow, so they are read less often. */
  let callsReadAt = -Infinity;
  const readCalls = async (): Promise<void> => {
    if (now.peek() - callsReadAt < CALLS_INTERVAL_MS) return;
    callsReadAt = now.peek();
    // A failure here does not affect the messages.
    await calls.readNewest().catch(() => {});
  };
  const readAll = async (): Promise<void> => {
    const [fresh] = await Promise.all([messages.readNewest(), events.readNewest(), readCalls()]);
    if (fresh.length > 0) onFresh(fresh);
    await readOthers();
  };
  const guarded = async (read: () => Promise<void>): Promise<void> => {
    try {
      await read();
      error.value = undefined;
    } catch (reason) {
      error.value = asApiError(reason);
    }
  };

  const newest = computed(() => messages.loaded.value?.items.slice(-20) ?? []);
  return {
    items: computed(() => {
      const read = messages.loaded.value;
      return read && buildThread(read, events.loaded.value?.items ?? [], calls.loaded.value?.items ?? []);
    }),
    hasOlder: computed(() => (messages.loaded.value?.cursor ?? null) !== null),
    waiting: computed(
      () => messages.loaded.value?.items.filter(({ status }) => status === 'waiting_for_person').length,
    ),
    error,
    refreshTick: computed(() =>
      newest.value.some((message) => isPending(message, now.value)) ? Math.floor(now.value / 2000) : 0,
    ),
    refresh: serialize(() => guarded(readAll)),
    loadOlder: () =>
      guarded(async () => {
        await messages.readOlder();
        await readOthers();
      }),
  };
}
