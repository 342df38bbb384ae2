import { computed, effect, signal } from '@preact/signals';
import { get, me } from '../../lib/api.ts';
import { isPageVisible, listensInBackground, liveValue } from '../../lib/live.ts';
import { go, href, location } from '../../lib/router.ts';
import { notify } from '../../lib/notifications.ts';
import { readStored, store } from '../../lib/storage.ts';
import type { Page } from '../../lib/use-list.ts';
import { nameOf } from './contact.ts';
import type { Conversation } from './records.ts';
import { clip, waitingText } from './text.ts';

/** Whether this browser alerts when a chat begins to wait. */
export const alertsOn = signal(readStored('alerts') === '1');

let sound: AudioContext | undefined;

/** Must be called from a click: only then do browsers allow a page to ask for permission and to play a sound. */
export async function switchAlerts(on: boolean): Promise<void> {
  alertsOn.value = on;
  store('alerts', on ? '1' : undefined);
  if (!on) return;
  sound ??= new AudioContext();
  if (!('Notification' in globalThis)) return;
  const answer = await Notification.requestPermission();
  if (answer !== 'granted')
    notify('The browser does not allow notifications here. You will hear a sound while this page is open.');
}

const keyOf = ({ id, state_since: since }: Conversation): string => `${id} ${since}`;

/** The chats that did not wait before. `known` undefined: it is not known which did. */
export const beganToWait = (
  known: ReadonlySet<string> | undefined,
  waiting: readonly Conversation[],
): Conversation[] => (known === undefined ? [] : waiting.filter((chat) => !known.has(keyOf(chat))));

function isOpenAndVisible(id: string): boolean {
  const [page, open] = location.peek().parts;
  return isPageVisible.peek() && page === 'conversations' && open === id;
}

function alertFor(chat: Conversation): void {
  const title = `${clip(nameOf(chat), 60)} is waiting`;
  beep();
  if (isPageVisible.peek()) notify(`${title}: ${waitingText(chat.state_reason)}`);
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body: waitingText(chat.state_reason), tag: chat.id });
    shown.addEventListener('click', () => {
      window.focus();
      go(href(['conversations', chat.id]));
      shown.close();
    });
  } catch {
    // Some browsers allow this only for installed pages. The sound remains.
  }
}

/** Plays two short notes, if the browser allows it. */
function beep(): void {
  try {
    sound ??= new AudioContext();
    for (const [index, frequency] of [660, 880].entries()) {
      const tone = new OscillatorNode(sound, { frequency });
      const volume = new GainNode(sound, { gain: 0.15 });
      tone.connect(volume).connect(sound.destination);
      const start = sound.currentTime + index * 0.18;
      tone.start(start);
      tone.stop(start + 0.15);
    }
  } catch {
    // Sound is not available.
  }
}

/** Alerts for chats that begin to wait at the same time. */
const MAX_ALERTS = 3;

/** Watches the waiting chats while alerts are on, whatever page of the console is open. */
export function startAlerts(): void {
  let known: Set<string> | undefined;
  let turn = 0;
  const check = async (isLatest: () => boolean): Promise<void> => {
    try {
      const { items } = await get<Page<Conversation>>('api/conversations?state=waiting&limit=200');
      if (!isLatest()) return;
      const added = beganToWait(known, items);
      known = new Set(items.map(keyOf));
      for (const chat of added.slice(0, MAX_ALERTS)) if (!isOpenAndVisible(chat.id)) alertFor(chat);
    } catch {
      // Tried again at the next change.
    }
  };
  const version = computed(() => {
    const chats = alertsOn.value && me.value ? liveValue('chats') : null;
    return chats && `${chats.waiting} ${chats.last_event}`;
  });
  effect(() => {
    listensInBackground.value = alertsOn.value;
  });
  effect(() => {
    const mine = (turn += 1);
    if (version.value === null) {
      known = undefined;
      return;
    }
    void check(() => mine === turn);
  });
}
