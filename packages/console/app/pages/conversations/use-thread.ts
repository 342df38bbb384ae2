import { type ReadonlySignal, computed, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type ApiError, asApiError } from '../../lib/api.ts';
import { now } from '../../lib/live.ts';
import { oneAtATime } from '../../lib/one-at-a-time.ts';
import { createFeed, readSince } from './feed.ts';
import type { Call, ChatEvent, Message } from './records.ts';
import { type ThreadItem, weave } from './thread-items.ts';
import { isPending } from './words.ts';

export interface ThreadState {
  /** Undefined: not read yet. */
  items: ReadonlySignal<ThreadItem[] | undefined>;
  hasOlder: ReadonlySignal<boolean>;
  /** Messages of the customer's that wait for a person, among those that were read; undefined: none was read yet. */
  waiting: ReadonlySignal<number | undefined>;
  error: ReadonlySignal<ApiError | undefined>;
  refresh: () => void;
  loadOlder: () => Promise<void>;
}

interface Thread extends ThreadState {
  /** Changes while what becomes of the newest messages is open. */
  pulse: ReadonlySignal<number>;
}

const CALLS_EVERY_MS = 15_000;

/** What was said and done in a conversation; read again when `version` changes. `onFresh` is told of messages that came since. */
export function useThread(
  id: string,
  version: unknown,
  onFresh: (messages: readonly Message[]) => void,
): ThreadState {
  const thread = useMemo(() => createThread(id, onFresh), [id]);
  useEffect(thread.refresh, [thread, version, thread.pulse.value]);
  return thread;
}

function createThread(id: string, onFresh: (messages: readonly Message[]) => void): Thread {
  const path = `api/conversations/${encodeURIComponent(id)}`;
  const messages = createFeed<Message>(`${path}/messages`);
  const events = createFeed<ChatEvent>(`${path}/events`);
  const calls = createFeed<Call>('api/calls', { conversation: id });
  const error = signal<ApiError | undefined>(undefined);

  /** Reads on what happened beside the messages, as far back as those go. */
  const catchUp = async (): Promise<void> => {
    const { items, cursor } = messages.loaded.peek()!;
    const start = cursor === null ? -Infinity : Date.parse(items[0]?.created_at ?? '');
    await Promise.all([
      readSince(events, start, ({ at }) => at),
      readSince(calls, start, ({ started_at: at }) => at),
    ]);
  };
  /** A table that is searched, for what comes rarely. */
  let callsReadAt = -Infinity;
  const readCalls = async (): Promise<void> => {
    if (now.peek() - callsReadAt < CALLS_EVERY_MS) return;
    callsReadAt = now.peek();
    // A thread without its calls is better than none.
    await calls.readNewest().catch(() => {});
  };
  const readAll = async (): Promise<void> => {
    const [fresh] = await Promise.all([messages.readNewest(), events.readNewest(), readCalls()]);
    if (fresh.length > 0) onFresh(fresh);
    await catchUp();
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
      return read && weave(read, events.loaded.value?.items ?? [], calls.loaded.value?.items ?? []);
    }),
    hasOlder: computed(() => (messages.loaded.value?.cursor ?? null) !== null),
    waiting: computed(
      () => messages.loaded.value?.items.filter(({ status }) => status === 'waiting_for_person').length,
    ),
    error,
    pulse: computed(() =>
      newest.value.some((message) => isPending(message, now.value)) ? Math.floor(now.value / 2000) : 0,
    ),
    refresh: oneAtATime(() => guarded(readAll)),
    loadOlder: () =>
      guarded(async () => {
        await messages.readOlder();
        await catchUp();
      }),
  };
}
