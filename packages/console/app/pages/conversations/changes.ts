import { type ReadonlySignal, computed, signal } from '@preact/signals';
import { api, me } from '../../lib/api.ts';
import { liveValue } from '../../lib/live.ts';
import type { Conversation } from './records.ts';
import type { CurrentPerson } from './text.ts';

/** Number of actions from this page. The page is read again after each. */
const done = signal(0);
export const localChanges: ReadonlySignal<number> = done;

/** Changes when something happened in any conversation. */
export const version = computed(() => {
  const chats = liveValue('chats');
  return `${chats?.last_message} ${chats?.last_event} ${done.value}`;
});

/** Runs an action on a conversation and returns its new state. */
export async function act(id: string, action: string, body?: unknown): Promise<Conversation> {
  const path = `api/conversations/${encodeURIComponent(id)}/${action}`;
  const chat = await api<Conversation>('POST', path, body === undefined ? {} : { body });
  refreshPage();
  return chat;
}

export function refreshPage(): void {
  done.value += 1;
}

/** The person who is signed in; null when the key belongs to no person. */
export const currentPerson = computed<CurrentPerson>(() => me.value?.person ?? null);
