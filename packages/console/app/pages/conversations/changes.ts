import { type ReadonlySignal, computed, signal } from '@preact/signals';
import { api, me } from '../../lib/api.ts';
import { liveValue } from '../../lib/live.ts';
import type { Conversation } from './records.ts';
import type { Reader } from './words.ts';

/** Counts what was done from this page: it is read again at once. */
const done = signal(0);
export const doneHere: ReadonlySignal<number> = done;

/** Another value: something happened in some conversation. */
export const version = computed(() => {
  const chats = liveValue('chats');
  return `${chats?.last_message} ${chats?.last_event} ${done.value}`;
});

/** Does something to a conversation, and answers how it is then. */
export async function act(id: string, action: string, body?: unknown): Promise<Conversation> {
  const path = `api/conversations/${encodeURIComponent(id)}/${action}`;
  const chat = await api<Conversation>('POST', path, body === undefined ? {} : { body });
  readAgain();
  return chat;
}

export function readAgain(): void {
  done.value += 1;
}

/** Who reads and acts here; null where the key names no person. */
export const reader = computed<Reader>(() => me.value?.person ?? null);
