import { computed, effect, signal } from '@preact/signals';
import { get, me } from '../../lib/api.ts';
import { isSeen, listensUnseen, liveValue } from '../../lib/live.ts';
import { go, href, location } from '../../lib/router.ts';
import { notify } from '../../lib/say.ts';
import { readStored, store } from '../../lib/storage.ts';
import type { Page } from '../../lib/use-list.ts';
import { nameOf } from './contact.ts';
import type { Conversation } from './records.ts';
import { clip, waitingText } from './words.ts';

/** Whether this browser tells of chats that begin to wait. */
export const alertsOn = signal(readStored('alerts') === '1');

let sound: AudioContext | undefined;

/** Called on a press: browsers let a page ask, and make a sound, only then. */
export async function switchAlerts(on: boolean): Promise<void> {
  alertsOn.value = on;
  store('alerts', on ? '1' : undefined);
  if (!on) return;
  sound ??= new AudioContext();
  if (!('Notification' in globalThis)) return;
  const answer = await Notification.requestPermission();
  if (answer !== 'granted')
    notify('The browser allows no notifications here: you will hear a sound while this page is open.');
}

const keyOf = ({ id, state_since: since }: Conversation): string => `${id} ${since}`;

/** Those of `waiting` that did not wait before. `known` undefined: it is not known who did. */
export const beganToWait = (
  known: ReadonlySet<string> | undefined,
  waiting: readonly Conversation[],
): Conversation[] => (known === undefined ? [] : waiting.filter((chat) => !known.has(keyOf(chat))));

function isLookedAt(id: string): boolean {
  const [page, open] = location.peek().parts;
  return isSeen.peek() && page === 'conversations' && open === id;
}

function tell(chat: Conversation): void {
  const title = `${clip(nameOf(chat), 60)} waits`;
  beep();
  if (isSeen.peek()) notify(`${title}: ${waitingText(chat.state_reason)}`);
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body: waitingText(chat.state_reason), tag: chat.id });
    shown.addEventListener('click', () => {
      window.focus();
      go(href(['conversations', chat.id]));
      shown.close();
    });
  } catch {
    // Some browsers show them for installed pages alone: the sound is left.
  }
}

/** Two short notes; silent where the browser has not let the page make a sound yet. */
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
    // no sound here
  }
}

/** Of what comes at once. */
const MOST_TOLD = 3;

/** Follows who waits while the switch is on, whatever page of the console is open. */
export function startAlerts(): void {
  let known: Set<string> | undefined;
  let turn = 0;
  const look = async (isLatest: () => boolean): Promise<void> => {
    try {
      const { items } = await get<Page<Conversation>>('api/conversations?state=waiting&limit=200');
      if (!isLatest()) return;
      const news = beganToWait(known, items);
      known = new Set(items.map(keyOf));
      for (const chat of news.slice(0, MOST_TOLD)) if (!isLookedAt(chat.id)) tell(chat);
    } catch {
      // The next change is looked at anew.
    }
  };
  const moment = computed(() => {
    const chats = alertsOn.value && me.value ? liveValue('chats') : null;
    return chats && `${chats.waiting} ${chats.last_event}`;
  });
  effect(() => {
    listensUnseen.value = alertsOn.value;
  });
  effect(() => {
    const mine = (turn += 1);
    if (moment.value === null) {
      known = undefined;
      return;
    }
    void look(() => mine === turn);
  });
}
